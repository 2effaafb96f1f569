"""Expected payments that a person has dismissed (status `cancelled`), and the decisions about
them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, JSONField, Q, QuerySet, TextField, Value

from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.errors import DecidedMeanwhile, NotFound
from graph.models import PredictedRelationship, RelationshipInstance, TenantRelationship
from graph.models.choices import PredictionStatus
from graph.questions import edge_ends
from graph.questions.prediction_status import status_on
from graph.reading import current_rows, row_ids
from graph.reading.current_rows import Reader

DISMISS, ELSEWHERE, EXPECT = "dismiss", "elsewhere", "expect"
ACTIONS = (DISMISS, ELSEWHERE, EXPECT)
BY = "cancelled_by"  # key in the evidence: the person who cancelled it
HOW = "settled_elsewhere"  # key in the evidence: whether the person said so
FACTS = (
    "prediction_confidence", "prediction_reason", "expected_from", "expected_to", "amount_low",
    "amount_high", "currency",
)  # fmt: skip
NO_PREDICTION = "There is no such prediction."
Answer = dict[str, Any]
NOBODY: edge_ends.Ends = {"source": None, "target": None}


def dismissed(user_id: UUID, *, most: int = 50, offset: int = 0) -> tuple[list[Answer], int]:
    """Return a page of the predictions that a person dismissed, and the number of all of them.

    The latest expected day comes first. `by` is the person, and `elsewhere` whether that
    person said that it was settled elsewhere. `source` and `target` are the parties of the last
    payment of the series.
    """
    with current_rows.snapshot(user_id) as reader:
        predictions = PredictedRelationship.objects.filter(_dismissed(user_id))
        page = list(predictions.order_by("-expected_to", "id")[offset : offset + most])
        return _answers(reader, user_id, page), predictions.count()


def of_payments(user_id: UUID, payments: Sequence[UUID], today: date) -> Answer | None:
    """Return the newest prediction that rests on one of these payments and has not come true, or
    that a person dismissed; None if there is none.

    `status` is as of `today`: pending, overdue, stale, or cancelled if a person dismissed it.
    """
    with current_rows.snapshot(user_id) as reader:
        rows = PredictedRelationship.objects.filter(user_id=user_id, relationship_id__in=payments)
        rows = rows.exclude(status=PredictionStatus.FULFILLED)
        rows = rows.filter(~Q(status=PredictionStatus.CANCELLED) | _dismissed(user_id))
        newest = rows.order_by("-expected_to", "id").first()
        if newest is None:
            return None
        (answer,) = _answers(reader, user_id, [newest])
    if newest.status == PredictionStatus.CANCELLED:
        return answer
    columns = {name: getattr(newest, name) for name in ("status", "expected_to", "stale_from")}
    return {**answer, "status": status_on(today, columns)}


def decide(user_id: UUID, prediction_id: UUID | str, action: str, *, by: str) -> Answer:
    """Dismiss an expected payment (DISMISS), dismiss it because it was settled where the books do
    not show it (ELSEWHERE), or expect it again (EXPECT). Return its new state.

    Predictions of other sightings of the same payment get the same decision. A prediction that is
    expected again is overdue until the next enrichment. Raises NotFound, and DecidedMeanwhile if
    the prediction has that state already.
    """
    with tenant_transaction(user_id) as connection:
        with connection.cursor() as cursor:  # enrichment writes what it read, dismissed or not
            alone(cursor, user_id)
        prediction = _one(user_id, prediction_id)
        alike = _of_same_payment(user_id, prediction)
        expects = action == EXPECT
        is_elsewhere = action == ELSEWHERE
        if not (_expect(alike, user_id) if expects else _dismiss(alike, by, is_elsewhere)):
            raise DecidedMeanwhile(f"It is {_state(prediction)} already.", "action")
        prediction.refresh_from_db()
    with current_rows.current(user_id) as reader:
        return _answers(reader, user_id, [prediction])[0]


def _one(user_id: UUID, prediction_id: UUID | str) -> PredictedRelationship:
    identifier = row_ids.required(prediction_id, NO_PREDICTION)
    row = PredictedRelationship.objects.filter(user_id=user_id, pk=identifier).first()
    if row is None:
        raise NotFound(NO_PREDICTION, "id")
    return row


def _of_same_payment(
    user_id: UUID, prediction: PredictedRelationship
) -> "QuerySet[PredictedRelationship]":
    last = RelationshipInstance.objects.get(user_id=user_id, pk=prediction.relationship_id)
    group = last.canonical_id or last.pk
    views = RelationshipInstance.objects.filter(user_id=user_id).filter(
        Q(pk=group) | Q(canonical_id=group)
    )
    return PredictedRelationship.objects.filter(
        user_id=user_id, relationship_id__in=views.values("pk")
    )


def _dismiss(predictions: "QuerySet[PredictedRelationship]", by: str, is_elsewhere: bool) -> int:
    waiting = predictions.filter(status__in=[PredictionStatus.OVERDUE, PredictionStatus.PENDING])
    who = Value({BY: by, HOW: is_elsewhere}, JSONField())
    evidence = Func(F("evidence"), who, template="%(expressions)s", arg_joiner=" || ")
    return waiting.update(status=PredictionStatus.CANCELLED, evidence=evidence)


def _expect(predictions: "QuerySet[PredictedRelationship]", user_id: UUID) -> int:
    evidence = Func(
        F("evidence"),
        Value([BY, HOW], ArrayField(TextField())),
        template="%(expressions)s::text[]",
        arg_joiner=" - ",
        output_field=JSONField(),
    )
    return predictions.filter(_dismissed(user_id)).update(
        status=PredictionStatus.OVERDUE, evidence=evidence
    )


def _dismissed(user_id: UUID) -> Q:
    return Q(user_id=user_id, status=PredictionStatus.CANCELLED, evidence__has_key=BY)


def _state(prediction: PredictedRelationship) -> str:
    by = prediction.evidence.get(BY)
    if by and prediction.evidence.get(HOW):
        return f"settled elsewhere, says {by}"
    return f"dismissed by {by}" if by else str(prediction.status)


def _answers(
    reader: Reader, user_id: UUID, predictions: Sequence[PredictedRelationship]
) -> list[Answer]:
    ids = [row.relationship_id for row in predictions]
    payments = TenantRelationship.objects.filter(user_id=user_id, id__in=ids)
    ends_of = edge_ends.of(user_id, reader.relationships(payments))
    return [
        {
            "id": row.pk,
            "relationship": row.relationship_id,
            **ends_of.get(row.relationship_id, NOBODY),
            **{name: getattr(row, name) for name in FACTS},
            "status": row.status,
            "by": row.evidence.get(BY, ""),
            "elsewhere": BY in row.evidence and bool(row.evidence.get(HOW)),
        }
        for row in predictions
    ]
