"""Questions about the whole graph. A request answers them if they are cheap, otherwise a worker
does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.renderers import JSONRenderer

from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes import path_serializers
from graph.api.shapes.common_serializers import Answer, NoQuery, StrictQuery
from graph.api.shapes.graph_serializers import EdgesQuery, constrained
from graph.database import deadlines
from graph.questions import whole_graph
from graph.questions.heavy import costs, sizes
from graph.questions.heavy.costs import Cost, Size

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Computation:
    """A question about the whole graph: its name, its parameters, its cost and how it is computed.

    `ask` computes the answer, and `cost` estimates its steps. `entities` lists the parameters that
    name an entity, including one in the URL's path.
    """

    name: str
    query: type[StrictQuery]
    answer: type[Answer]
    ask: Callable[..., whole_graph.Answer]
    cost: Cost
    entities: tuple[str, ...] = ()

    def compute(self, user_id: UUID, parameters: Parameters) -> Any:
        """Return the serialized answer. Raises the question's errors."""
        arguments = constrained(parameters) if self._narrowed else parameters
        return self.answer(self.ask(user_id, **arguments)).data

    def light(self, user_id: UUID, parameters: Parameters, version: str) -> bool:
        """Return whether a request may compute the question: its steps on the whole graph are
        within the limit `QUESTIONS["steps"]`.

        The graph's size is counted once per version.
        """
        return self.cost(sizes.at_most(user_id, version), parameters) <= settings.QUESTIONS["steps"]

    def light_when_narrowed(self, user_id: UUID, parameters: Parameters, version: str) -> bool:
        """Return whether a request may compute the question on the edges that its filter selects.

        Counts those edges by a query. Returns False for a question without a filter.
        """
        if not self._narrowed:
            return False
        flow = parameters["edges"] == "flow"
        edges = sizes.edges_of(user_id, constrained(parameters)["only"], flow=flow)
        size = Size(sizes.at_most(user_id, version).nodes, edges)
        return self.cost(size, parameters) <= settings.QUESTIONS["steps"]

    def as_text(self, parameters: Parameters) -> dict[str, str]:
        """Return the parameters as texts by name. Equal parameters have equal texts."""
        fields = self.query().fields
        return {name: _text(fields.get(name), value) for name, value in sorted(parameters.items())}

    def read(self, parameters: Mapping[str, str]) -> Parameters:
        """Return the validated parameters of texts that `as_text` made. Raises ValidationError."""
        fields = self.query().fields
        query = self.query(data={n: v for n, v in parameters.items() if n in fields})
        query.is_valid(raise_exception=True)
        of_path = {n: v for n, v in parameters.items() if n not in fields}
        return {**query.validated_data, **of_path}

    @property
    def _narrowed(self) -> bool:
        return issubclass(self.query, EdgesQuery)


def _text(field: Any, value: Any) -> str:
    if isinstance(value, list):
        return ",".join(sorted(value))
    return str(value if field is None else field.to_representation(value))


STATS = Computation("stats", NoQuery, shapes.StatsAnswer, whole_graph.stats, costs.once)
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
    question.name: question
    for question in (STATS, PATH, K_SHORTEST, NEIGHBOURHOOD, IMPORTANCE, COMMUNITIES)
}


def answer(name: str, user_id: UUID, parameters: Mapping[str, str], seconds: float) -> str:
    """Return the answer to the question `name` as JSON, computed within `seconds`, for a worker.

    Raises KeyError for an unknown name, ValidationError for wrong parameters, and the question's
    errors.
    """
    computation = BY_NAME[name]
    with deadlines.seconds(seconds):
        result = computation.compute(user_id, computation.read(parameters))
    rendered: bytes = JSONRenderer().render(result)
    return rendered.decode()
