"""A payment that settles several bills is compared bill by bill."""

from finley.web import due_and_risen
from graph import models
from graph.view import refresh
from tests.finley.web.test_pages import in_series
from tests.graph import rows


def test_a_payment_of_several_ordinary_bills_is_not_above_the_usual(tenant):
    user = tenant.id
    office = rows.entity(user, "Office", "department")
    in_series(user, office, "Whitfield", [50, 50, 50, 100])
    refresh.refresh()
    (row,) = due_and_risen.risen(user).payments
    paid = models.RelationshipInstance.objects.using("owner").get(pk=row["id"])
    for amount in (49, 51):
        bill = rows.event(user, office, amount=amount, records="obligation")
        rows.relationship(
            user, bill, paid.target_event, edge_class="link", relationship_type="settles",
            allocated=amount,
        )  # fmt: skip
    refresh.refresh()
    assert due_and_risen.risen(user).payments == []
    models.RelationshipInstance.objects.using("owner").filter(allocated=51).update(allocated=90)
    refresh.refresh()
    assert len(due_and_risen.risen(user).payments) == 1, "one of the bills is high"
