"""The nine layers of intelligence, declared once, as data.

The view's SELECT, the columns of its model, the triggers, the serializers, the admin, the engine's
edge attributes and the sentence of `explain` follow from LAYERS. A tenth layer is one entry here,
one model with its migration and one detector: docs/how-to/add-a-layer.md.
"""

from dataclasses import dataclass
from typing import Literal

from graph import layer_sentences as sentences
from graph.layer_sentences import Row, Sentence, say

FURTHER = "further"  # key in the evidence: the days and amounts of the occurrences after this one
ColumnType = Literal["score", "text", "texts", "months", "date", "uuid", "money", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a layer adds to the view.

    `expression` is SQL over the layer's row, with the placeholder `{row}` for its alias; the
    default is the table's column of the same name. `needs` lists the table's columns that the
    expression reads. `shared` marks a column with few distinct values, which many relationships
    share.
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
    """One layer: its table, how a relationship finds its rows, and which row is chosen.

    A *pattern* layer is shared: the relationship points at it through `pointer`. A *fact* layer's
    rows point at the relationship. `pick` orders a relationship's rows, best first (the id breaks
    every tie); it is empty if a unique key leaves at most one. Rows with `hidden_status` are left
    out: a person has dismissed or cancelled them. `prefer` replaces `pick` for the rows of a
    replaced system that had several rows where finley has one (adopting). `rare`: it annotates few
    relationships. `sentence` turns a row into words, for `explain`.
    """

    name: str
    table: str
    id_column: str
    columns: tuple[Column, ...]
    sentence: Sentence
    pointer: str = ""
    pick: str = ""
    hidden_status: str = ""
    prefer: str = ""
    rare: bool = False

    @property
    def is_pattern(self) -> bool:
        return bool(self.pointer)

    @property
    def only(self) -> str:
        """Return the SQL condition for the rows of the layer that the view shows; "" if it shows
        all."""
        return f"status <> '{self.hidden_status}'" if self.hidden_status else ""

    def say(self, row: Row) -> str:
        """Return one sentence about a row of the layer. `row` has the layer's columns by name."""
        return say(self.sentence, row)

    @property
    def presence(self) -> str:
        """Return the name of the view's column that is NULL for relationships without a row of
        this layer."""
        return self.id_column


LAYERS: tuple[Layer, ...] = (
    Layer(
        name="causal",
        table="causal_relationships",
        id_column="causal_relationship_id",
        sentence=sentences.causal,
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
        sentence=sentences.temporal,
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
        sentence=sentences.seasonal,
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
        sentence="It follows the pattern {pattern_name}.",
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
        sentence=sentences.cross_platform,
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
        sentence=sentences.prediction,
        pick="created_at DESC",
        hidden_status="cancelled",
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
        sentence=sentences.root_cause,
        pick="confidence DESC",
        rare=True,
        columns=(Column("root_cause_analysis", "text", "where it began, in one sentence"),),
    ),
    Layer(
        name="change",
        table="event_delta_logs",
        id_column="event_delta_log_id",
        sentence="Its source last had it {change_type}.",
        pick="created_at DESC",
        rare=True,
        columns=(Column("change_type", "text", "created, modified or deleted"),),
    ),
    Layer(
        name="fraud",
        table="duplicate_transactions",
        id_column="duplicate_transaction_id",
        sentence=(
            "It probably repeats {original_relationship_id} ({duplicate_confidence:.0%} sure)."
        ),
        pick="duplicate_confidence DESC",
        hidden_status="dismissed",
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
