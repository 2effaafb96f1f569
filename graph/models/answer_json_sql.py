"""Builds SQL that writes the view's rows as the API's JSON, from the layers.

The API's serializers are the schema's source. tests/graph/api/test_answers_by_the_database.py
compares what both write.
"""

from collections.abc import Iterable

from graph import sql
from graph.layers import FURTHER, LAYERS, Column, Layer
from graph.models.kept_queries import with_arguments

# The fields of an answer before and after those of the two entities, in its order.
RELATIONSHIP = (
    (
        "id",
        "relationship_type",
        "edge_class",
        "confidence_score",
        "detection_method",
        "reason",
        "source_event_id",
        "target_event_id",
    ),
    (
        "occurred_at",
        "amount",
        "currency",
        "document_ref",
        "transaction_ref",
        "kind",
        "payment_group_id",
    ),
)
INSIGHT = (
    ("id", "relationship_type", "edge_class", "confidence_score", "reason"),
    ("occurred_at", "amount", "currency", "document_ref"),
)
Fields = list[tuple[str, str]]  # names and expressions
# As datetime.isoformat: fractions of a second only where there are any.
TIME = (
    "to_char({0} AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', {0}) = {0} "
    'THEN \'YYYY-MM-DD"T"HH24:MI:SS"Z"\' ELSE \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\' END)'
)
STATUS = (  # graph.questions.prediction_status does the same
    "CASE WHEN day IS NULL OR row.status = 'fulfilled' THEN row.status "
    "WHEN row.stale_from <= day THEN 'stale' "
    "WHEN row.expected_to < day THEN 'overdue' ELSE 'pending' END"
)


def functions() -> Iterable[str]:
    """Yield the statements that create the database's functions which write answers."""
    yield sql.read("reading/relationships_json").format(relationship=_relationship())
    branches = "".join(_branch(layer) for layer in LAYERS)
    yield sql.read("reading/insights_json").format(branches=branches)
    yield sql.read("reading/entity_json").format(
        summary=_query("questions/entity_summary"),
        neighbour=_object(_neighbour()),
        neighbours=_query("questions/entity_dealt", "questions/entity_neighbours"),
    )


def evidence_query(layer: Layer) -> str:
    """Return a query for the evidence of a layer's row as text. Its parameters: a name, the tenant,
    the row's id."""
    return (
        f"SELECT %s AS layer, {_evidence(layer)}::text AS evidence FROM {layer.table} AS layer_row "  # noqa: S608
        "WHERE layer_row.user_id = %s AND layer_row.id = %s"
    )


def _relationship() -> str:
    layers = [
        (layer.name, _unless_null(f"row.{layer.id_column}", _columns(layer))) for layer in LAYERS
    ]
    return _object([*_facts(*RELATIONSHIP), ("layers", _object(layers))])


def _branch(layer: Layer) -> str:
    insight: Fields = [
        ("layer", f"'{layer.name}'"),
        *_facts(*INSIGHT),
        ("evidence", _evidence(layer)),
        ("insight", _object(_columns(layer))),
    ]
    return sql.read("reading/insights_json_branch").format(
        layer=layer.name,
        insight=_object(insight),
        table=layer.table,
        id_column=layer.id_column,
    )


def _facts(before: Iterable[str], after: Iterable[str]) -> Fields:
    ends = [(end, _unless_null(f"{end}.id", _entity(end))) for end in ("source", "target")]
    return [*map(_fact, before), *ends, *map(_fact, after)]


def _fact(name: str) -> tuple[str, str]:
    column = f"row.{name}"
    if name == "occurred_at":
        return name, TIME.format(column)
    return name, f"{column}::text" if name == "amount" else column


def _entity(end: str) -> Fields:
    return [(name, f"{end}.{name}") for name in ("id", "kind", "name")]


def _columns(layer: Layer) -> Fields:
    columns = [(column.name, _column(layer, column)) for column in layer.columns]
    return [("id", f"row.{layer.id_column}"), *columns]


def _column(layer: Layer, column: Column) -> str:
    if layer.name == "prediction" and column.name == "status":
        return STATUS
    return f"row.{column.name}::text" if column.type == "money" else f"row.{column.name}"


def _evidence(layer: Layer) -> str:
    """Return SQL for the evidence of a layer's row, with the same content as in
    graph.questions.insights."""
    if layer.name == "change":
        changed = ("changed_fields", "old_values", "new_values")
        own = _unless_null("layer_row.id", [(name, f"layer_row.{name}") for name in changed])
        return f"coalesce({own}, '{{}}')"
    return f"coalesce(layer_row.evidence - '{FURTHER}', '{{}}')"


def _neighbour() -> Fields:
    as_they_are = ("id", "kind", "name", "direction", "relationships", "currency")
    times = [(name, TIME.format(f"row.{name}")) for name in ("first_at", "last_at")]
    return [
        *((name, f"row.{name}") for name in as_they_are),
        ("amount", "row.amount::text"),
        *times,
    ]


def _query(*files: str) -> str:
    return with_arguments("".join(map(sql.read, files)))


def _unless_null(condition: str, fields: Fields) -> str:
    return f"CASE WHEN {condition} IS NOT NULL THEN {_object(fields)} END"


def _object(fields: Fields) -> str:
    """Return SQL for a JSON object without spaces. json_build_object would write spaces."""
    columns = ", ".join(f'{value} AS "{name}"' for name, value in fields)
    return f"(SELECT row_to_json(fields) FROM (SELECT {columns}) AS fields)"  # noqa: S608
