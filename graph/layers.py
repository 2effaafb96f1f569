"""The nine layers of intelligence, declared once, as data.

The view's SELECT, the columns of its model, the serializers, the engine's edge attributes and the
counts in `build_graph` follow from LAYERS. A tenth layer is one entry here and one table.
"""

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["score", "text", "texts", "months", "date", "uuid", "money", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a layer adds to the view.

    `expression` is SQL over the layer's row, whose alias stands for `{row}`; by default the table's
    column of the same name. `needs` are the table's columns that the expression reads. `shared`: it
    has few values, which many relationships share.
    """

    name: str
    type: ColumnType
    meaning: str
    expression: str = ""
    needs: tuple[str, ...] = ()
    shared: bool = False

    def sql(self, row: str) -> str:
        return (self.expression or f"{{row}}.{self.name}").format(row=row)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.needs or (self.name,)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: where its rows are, how a relationship finds its own, and which one is picked.

    A *pattern* layer is shared: the relationship points at it through `pointer`. A *fact* layer's
    rows point at the relationship. `pick` orders a relationship's rows, best first (the id breaks
    every tie); it is empty where a unique key leaves at most one. `only` leaves rows out. `prefer`
    picks in its place among the rows of a system that had several where we have one (adopting).
    `rare`: it says something of few relationships.
    """

    name: str
    table: str
    id_column: str
    columns: tuple[Column, ...]
    pointer: str = ""
    pick: str = ""
    only: str = ""
    prefer: str = ""
    rare: bool = False

    @property
    def is_pattern(self) -> bool:
        return bool(self.pointer)

    @property
    def presence(self) -> str:
        """The view's column that is NULL where this layer says nothing of a relationship."""
        return self.id_column


LAYERS: tuple[Layer, ...] = (
    Layer(
        name="causal",
        table="causal_relationships",
        id_column="causal_relationship_id",
        prefer="causal_score DESC NULLS LAST, created_at DESC",
        columns=(
            Column("causal_score", "score", "mean of the Bradford Hill criteria that can be known"),
            Column("causal_direction", "text", "forward, backward or both", shared=True),
        ),
    ),
    Layer(
        name="temporal",
        table="temporal_patterns",
        id_column="temporal_pattern_id",
        pointer="temporal_pattern_id",
        prefer="recurrence_score DESC, last_occurrence DESC",
        columns=(
            Column("recurrence_score", "score", "how surely the series recurs"),
            Column("recurrence_frequency", "text", "weekly … yearly"),
            Column("last_occurrence", "date", "the series' last day so far"),
            Column("next_predicted_occurrence", "date", "the day on which it is next expected"),
        ),
    ),
    Layer(
        name="seasonal",
        table="seasonal_patterns",
        id_column="seasonal_pattern_id",
        pointer="seasonal_pattern_id",
        prefer="seasonal_strength DESC, created_at DESC",
        columns=(
            Column("seasonal_strength", "score", "share of variation that the season explains"),
            Column("seasonal_months", "months", "the months (1..12) in which it is high"),
        ),
    ),
    Layer(
        name="pattern",
        table="relationship_patterns",
        id_column="pattern_id",
        pointer="pattern_id",
        prefer="pattern_confidence DESC, created_at DESC",
        columns=(
            Column("pattern_name", "text", "the template that the relationship follows"),
            Column("pattern_confidence", "score", "how well it follows it"),
        ),
    ),
    Layer(
        name="cross_platform",
        table="cross_platform_relationships",
        id_column="cross_platform_relationship_id",
        prefer="cardinality(platform_sources) DESC, created_at DESC",
        columns=(
            Column(
                "platform_sources", "texts", "the sources that saw this relationship", shared=True
            ),
        ),
    ),
    Layer(
        name="prediction",
        table="predicted_relationships",
        id_column="predicted_relationship_id",
        pick="created_at DESC",
        only="status <> 'cancelled'",
        rare=True,
        columns=(
            Column("prediction_confidence", "score", "chance that the range holds"),
            Column("prediction_reason", "text", "what the prediction rests on"),
            Column("expected_from", "date", "first day of the range"),
            Column("expected_to", "date", "last day of the range"),
            Column("amount_low", "money", "least amount expected"),
            Column("amount_high", "money", "greatest amount expected"),
            Column("status", "text", "pending, fulfilled or overdue when the books ended"),
            Column("books_until", "date", "the last day of its source's books"),
            Column("stale_from", "date", "from this day on its books are too old to expect it"),
        ),
    ),
    Layer(
        name="root_cause",
        table="root_cause_analyses",
        id_column="root_cause_analysis_id",
        pick="confidence DESC",
        rare=True,
        columns=(Column("root_cause_analysis", "text", "where it began, in one sentence"),),
    ),
    Layer(
        name="change",
        table="event_delta_logs",
        id_column="event_delta_log_id",
        pick="created_at DESC",
        rare=True,
        columns=(Column("change_type", "text", "created, modified or deleted"),),
    ),
    Layer(
        name="fraud",
        table="duplicate_transactions",
        id_column="duplicate_transaction_id",
        pick="duplicate_confidence DESC",
        only="status <> 'dismissed'",
        rare=True,
        columns=(
            Column(
                "is_duplicate",
                "flag",
                "true where it probably repeats another relationship",
                expression="({row}.id IS NOT NULL)",
                needs=("id",),
            ),
            Column("duplicate_confidence", "score", "how probably"),
            Column("original_relationship_id", "uuid", "the relationship that it repeats"),
        ),
    ),
)

BY_NAME = {layer.name: layer for layer in LAYERS}
