"""Questions that are computed on the whole graph: in a request while small, else by a worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.renderers import JSONRenderer

from graph.api import path_serializers
from graph.api import serializers as shapes
from graph.api.serializers import EdgesQuery, constrained
from graph.database import deadlines
from graph.questions import costs, sizes, whole_graph
from graph.questions.costs import Cost, Size

Asked = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Computation:
    """One of them. `entities` are its parameters that name one, those of the path included."""

    name: str
    query: type[shapes.StrictQuery]
    answer: type[shapes.Answer]
    ask: Callable[..., whole_graph.Answer]
    cost: Cost
    entities: tuple[str, ...] = ()

    def compute(self, user_id: UUID, asked: Asked) -> Any:
        """The answer as its serializer has it. Raises what the question raises."""
        given = constrained(asked) if self._narrowed else asked
        return self.answer(self.ask(user_id, **given)).data

    def light(self, user_id: UUID, asked: Asked, version: str) -> bool:
        """Whether it may be computed in a request: by the whole graph's size, from memory."""
        return self.cost(sizes.at_most(user_id, version), asked) <= settings.QUESTIONS["steps"]

    def light_when_narrowed(self, user_id: UUID, asked: Asked, version: str) -> bool:
        """The same, of the edges that it is asked of, counted."""
        if not self._narrowed:
            return False
        flow = asked["edges"] == "flow"
        edges = sizes.edges_of(user_id, constrained(asked)["only"], flow=flow)
        size = Size(sizes.at_most(user_id, version).nodes, edges)
        return self.cost(size, asked) <= settings.QUESTIONS["steps"]

    def as_text(self, asked: Asked) -> dict[str, str]:
        """The parameters as a request states them, each question in one way only."""
        fields = self.query().fields
        return {name: _text(fields.get(name), value) for name, value in sorted(asked.items())}

    def read(self, parameters: Mapping[str, str]) -> Asked:
        """The parameters that `as_text` gave. Raises ValidationError."""
        fields = self.query().fields
        given = self.query(data={n: v for n, v in parameters.items() if n in fields})
        given.is_valid(raise_exception=True)
        of_path = {n: v for n, v in parameters.items() if n not in fields}
        return {**given.validated_data, **of_path}

    @property
    def _narrowed(self) -> bool:
        return issubclass(self.query, EdgesQuery)


def _text(field: Any, value: Any) -> str:
    if isinstance(value, list):
        return ",".join(sorted(value))
    return str(value if field is None else field.to_representation(value))


STATS = Computation("stats", shapes.NoQuery, shapes.StatsAnswer, whole_graph.stats, costs.once)
PATH = Computation(
    "path",
    path_serializers.PathsQuery,
    path_serializers.PathAnswer,
    whole_graph.path,
    costs.path,
    ("source", "target"),
)
K_SHORTEST = Computation(
    "k-shortest",
    path_serializers.KShortestQuery,
    path_serializers.KShortestAnswer,
    whole_graph.paths,
    costs.k_shortest,
    ("source", "target"),
)
NEIGHBOURHOOD = Computation(
    "neighbourhood",
    path_serializers.NeighbourhoodQuery,
    path_serializers.NeighbourhoodAnswer,
    whole_graph.neighbourhood,
    costs.neighbourhood,
    ("entity",),
)
IMPORTANCE = Computation(
    "importance",
    shapes.ImportanceQuery,
    shapes.ImportanceAnswer,
    whole_graph.importance,
    costs.importance,
)
COMMUNITIES = Computation(
    "communities",
    shapes.CommunitiesQuery,
    shapes.CommunitiesAnswer,
    whole_graph.communities,
    costs.communities,
)
BY_NAME = {
    each.name: each for each in (STATS, PATH, K_SHORTEST, NEIGHBOURHOOD, IMPORTANCE, COMMUNITIES)
}


def answer(name: str, user_id: UUID, parameters: Mapping[str, str], seconds: float) -> str:
    """A worker's answer, as JSON. Raises KeyError, ValidationError, what the question raises."""
    computation = BY_NAME[name]
    with deadlines.seconds(seconds):
        found = computation.compute(user_id, computation.read(parameters))
    rendered: bytes = JSONRenderer().render(found)
    return rendered.decode()
