"""Creates rows for tests as the owner, one call each."""

import uuid
from datetime import UTC, datetime
from itertools import count
from typing import Any

from graph import models

_keys = count()
DAY = datetime(2024, 1, 31, tzinfo=UTC)


def tenant_id() -> uuid.UUID:
    return uuid.uuid4()


def add(model: type, **values: Any) -> Any:
    return model.objects.using("owner").create(**values)


def event(user: uuid.UUID, entity: Any = None, **values: Any) -> models.RawEvent:
    """Create an event of the tenant and return it. It is matched to `entity` unless that is
    None."""
    values = {
        "source": "test",
        "platform": "ledger",
        "amount": 1,
        "currency": "GBP",
        "occurred_at": DAY,
        **values,
    }
    key = str(next(_keys))
    row = add(
        models.RawEvent,
        user_id=user,
        external_id=key,
        transaction_ref=key,
        **values,
    )
    if entity is not None:
        match(user, row, entity)
    return row


def entity(user: uuid.UUID, name: str, kind: str = "vendor") -> models.NormalizedEntity:
    return add(models.NormalizedEntity, user_id=user, kind=kind, name=name, identity=name.lower())


def match(user: uuid.UUID, event: Any, entity: Any, confidence: float = 1) -> models.EntityMatch:
    return add(
        models.EntityMatch,
        user_id=user,
        event_id=event.id,
        entity_id=entity.id,
        confidence=confidence,
    )


def relationship(
    user: uuid.UUID, source: Any, target: Any, **values: Any
) -> models.RelationshipInstance:
    values = {
        "relationship_type": "payment",
        "edge_class": "flow",
        "confidence_score": 1,
        "detection_method": "test",
        **values,
    }
    return add(
        models.RelationshipInstance,
        user_id=user,
        source_event_id=source.id,
        target_event_id=target.id,
        **values,
    )


def paid(user: uuid.UUID, amount: Any, text: str, **values: Any) -> uuid.UUID:
    """A payment with this text, as a statement has it. Return the relationship's id."""
    bank, customer = entity(user, f"Bank {text}", "account"), entity(user, f"Who {text}")
    when = values.pop("occurred_at", datetime(2024, 3, 9, tzinfo=UTC))
    ends = [
        event(user, who, amount=much, description=text, occurred_at=when, **values)
        for who, much in ((customer, -amount), (bank, amount))
    ]
    id_: uuid.UUID = relationship(user, *ends).id
    return id_


def asked(user: uuid.UUID, **values: Any) -> models.AskedQuestion:
    """Create a question that waits for a worker, and return it."""
    key = uuid.uuid4()
    values = {"question": "importance", "parameters": {}, "version": "1", **values}
    return add(
        models.AskedQuestion, id=key, user_id=user, digest=str(key), job_id=f"{key}:1", **values
    )


def repeated(user: uuid.UUID, **values: Any) -> models.RepeatedRequest:
    """Create the stored answer of a request with an idempotency key, and return it."""
    values = {"key": str(next(_keys)), "digest": "d", "status": 202, "answer": "{}", **values}
    return add(models.RepeatedRequest, user_id=user, **values)


def payment(
    user: uuid.UUID, payer: Any = None, payee: Any = None, amount: float = 1, **values: Any
) -> uuid.UUID:
    """Create a payment between two entities; None is an unresolved end. Return the id of its
    relationship."""
    source, target = event(user, payer, amount=-amount), event(user, payee, amount=amount)
    return relationship(user, source, target, **values).id


def case(user: uuid.UUID, party: str = "Acme Mills Ltd") -> models.PaymentCase:
    """Create an open case about a possible double payment, without rows, and return it."""
    return add(
        models.PaymentCase,
        user_id=user,
        kind="paid_twice",
        reason="the same party, number and amount",
        confidence=0.9,
        party=party,
        amount_at_risk=120,
        currency="GBP",
        extra_payments=1,
        first_day=DAY.date(),
        last_day=DAY.date(),
        evidence={"for": [], "against": []},
        row_keys=["ledger:L1", "ledger:L2"],
    )
