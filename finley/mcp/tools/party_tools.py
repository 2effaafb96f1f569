"""Tools about parties: find one by name, summarise one, and find a path between two."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from finley.mcp.shapes import (
    Answer,
    Arguments,
    Currency,
    Day,
    Id,
    Money,
    OneOf,
    Party,
    Tool,
    Word,
    party_of,
)
from graph.api import computations
from graph.api.shapes.graph_serializers import constrained
from graph.api.shapes.request_fields import EntityCursor, entity_cursor
from graph.errors import QuestionError
from graph.models.choices import EntityKind
from graph.questions import entities, open_items, search, whole_graph
from graph.questions.entities import representative
from graph.view import version

SPELLINGS = 20  # of a party that are listed
Kind = Annotated[str, OneOf(tuple(EntityKind.values))]


class SearchArguments(Arguments):
    name: Word = Field(description="Part of a name; typos are forgiven")
    kind: Kind | None = None
    limit: int = Field(10, ge=1, le=25)
    cursor: Word | None = Field(None, description="`next` of the page before")


class PartiesFound(Answer):
    parties: list[Party]
    next: str | None = None


def search_parties(user_id: UUID, asked: SearchArguments) -> PartiesFound:
    after = EntityCursor().run_validation(asked.cursor) if asked.cursor else None
    page = search.entities(user_id, asked.name, kind=asked.kind, limit=asked.limit, after=after)
    parties = [party for entity in page.entities if (party := party_of(entity))]
    return PartiesFound(parties=parties, next=entity_cursor(page.following))


class SummaryArguments(Arguments):
    party_id: UUID
    limit: int = Field(10, ge=1, le=50, description="Counterparties")


class Counterparty(Party):
    direction: Literal["out", "in"] = Field(description="out: the party pays it; in: it pays")
    payments: int
    amount: Money | None
    currency: str | None
    first_on: Day
    last_on: Day


class OpenSum(Answer):
    direction: str
    item: str
    currency: str
    open: Money
    count: int


class PartySummary(Party):
    spellings: list[str]
    spellings_left_out: int
    counterparties: list[Counterparty] = Field(
        description="Most payments first; a row by direction and currency"
    )
    more_counterparties: bool = Field(description="There are more than `limit`")
    open_items: list[OpenSum]


def party_summary(user_id: UUID, asked: SummaryArguments) -> PartySummary:
    party = entities.party(user_id, asked.party_id, limit=asked.limit + 1)
    spellings, neighbours = party["spellings"], party["neighbours"]
    owed = open_items.open_items(user_id, party=str(party["id"]), limit=1)
    return PartySummary(
        party_id=party["id"],
        kind=party["kind"],
        name=party["name"],
        spellings=spellings[:SPELLINGS],
        spellings_left_out=len(spellings[SPELLINGS:]),
        counterparties=[_counterparty(row) for row in neighbours[: asked.limit]],
        more_counterparties=len(neighbours) > asked.limit,
        open_items=[OpenSum(**{name: row[name] for name in OpenSum.model_fields})
                    for row in owed["totals"]],
    )  # fmt: skip


def _counterparty(row: dict[str, Any]) -> Counterparty:
    return Counterparty(
        party_id=row["id"],
        kind=row["kind"],
        name=row["name"],
        direction=row["direction"],
        payments=row["relationships"],
        amount=row["amount"],
        currency=row["currency"],
        first_on=row["first_at"].date(),
        last_on=row["last_at"].date(),
    )


class PathArguments(Arguments):
    from_party_id: UUID
    to_party_id: UUID
    max_length: int = Field(6, ge=1, le=12)
    since: date | None = None
    until: date | None = None


class Step(Answer):
    payment_id: Id
    payer: Party
    payee: Party
    day: Day
    amount: Money | None
    currency: Currency | None


class Path(Answer):
    found: bool
    steps: list[Step]


def path_between(user_id: UUID, asked: PathArguments) -> Path:
    """Answer the tool: a path of payments between two parties. Raises QuestionError if it would
    cost too many steps for a request."""
    ends = [
        representative(user_id, getattr(asked, field), field)
        for field in ("from_party_id", "to_party_id")
    ]
    parameters = _path_parameters(asked, *ends)
    question, now = computations.PATH, version.version(user_id)
    if not (
        question.light(user_id, parameters, now)
        or question.light_when_narrowed(user_id, parameters, now)
    ):
        raise QuestionError(
            "Too many steps for a request: give a shorter max_length or a later since.",
            "max_length",
        )
    answer = whole_graph.path(user_id, **constrained(parameters))
    return Path(found=answer["found"], steps=[_step(hop) for hop in answer["hops"]])


def _path_parameters(asked: PathArguments, source: UUID, target: UUID) -> dict[str, Any]:
    """The tool's arguments as the parameters of the API's question `path`."""
    given = {
        "source": str(source),
        "target": str(target),
        "max_length": str(asked.max_length),
    }
    days = {name: str(day) for name in ("since", "until") if (day := getattr(asked, name))}
    return computations.PATH.read({**given, **days})


def _step(hop: dict[str, Any]) -> Step:
    """One payment of the path. Payer and payee are those of the payment, in whichever direction the
    path goes along it."""
    ends = (hop["source"], hop["target"])[:: 1 if hop["forward"] else -1]
    payer, payee = (Party(party_id=end["id"], kind=end["kind"], name=end["name"]) for end in ends)
    return Step(
        payment_id=hop["id"],
        payer=payer,
        payee=payee,
        day=hop["occurred_at"].date(),
        amount=hop["amount"],
        currency=hop["currency"],
    )


TOOLS = (
    Tool(
        "search_parties",
        "Find vendors, customers, employees, departments and accounts by name. Start here to "
        "get a party_id.",
        SearchArguments,
        PartiesFound,
        search_parties,
    ),
    Tool(
        "party_summary",
        "Who a party is: spellings, with whom it deals and for how much, what is open.",
        SummaryArguments,
        PartySummary,
        party_summary,
    ),
    Tool(
        "path_between",
        "The shortest chain of payments that joins two parties.",
        PathArguments,
        Path,
        path_between,
    ),
)
