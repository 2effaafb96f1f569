"""Leases, fences and change records against a model, in any order; and broken ones that it finds.

The machine drives the statements of the database as workers do that die, stall and wake up. The
model knows which attempt may save. What is saved is a relationship of the graph, so that the
corrected read must show exactly what stood: a change record that is lost shows, too.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from graph.models import RelationshipInstance
from graph.reading import load_graph
from graph.view import refresh
from syncjobs import recover, run_state, runs, sql
from syncjobs.errors import LeaseLost
from syncjobs.models import SyncRun
from syncjobs.models.choices import Outcome, Trigger
from syncjobs.run_state import Claim, ClaimRequest, Save
from tests.graph import rows
from tests.syncjobs import workers

TRIGGERS = "ALTER TABLE relationship_instances {} TRIGGER USER"
FEW = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.generate,),
    "report_multiple_bugs": False,
}


class Leases(RuleBasedStateMachine):
    """One connection's runs. The model: the newest fence, whether it runs, and what was saved."""

    claims: Bundle[Claim] = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.connection = workers.connection(rows.tenant_id())
        self.user = self.connection.user_id
        parties = rows.entity(self.user, "Ann"), rows.entity(self.user, "Bob")
        self.events = [rows.event(self.user, party) for party in parties]
        self.saved = 0
        self.accept()

    @rule()
    def accept(self) -> None:
        """A new run, once the last one has ended."""
        if getattr(self, "status", "ended") == "ended":
            self.run = runs.accept(self.user, self.connection.pk, trigger=Trigger.REQUEST)
            self.fence, self.status, self.expired = 0, "queued", False

    @rule(target=claims)
    def claim(self) -> Any:
        """By the run's own job: it begins where the run is queued, and else not."""
        self.run.refresh_from_db(using="owner")
        claim = run_state.claimed([ClaimRequest(self.run.pk, self.run.job_id, 1)], "w")[0]
        assert (claim is not None) == (self.status == "queued")
        if claim is None:
            return multiple()
        assert claim.fence == self.fence + 1
        self.fence, self.status, self.expired = claim.fence, "running", False
        return claim

    @rule()
    def claim_late(self) -> None:
        """By a job that was lost and came back."""
        assert run_state.claimed([ClaimRequest(self.run.pk, f"{self.run.pk}:0", 1)], "w") == [None]

    @rule(claim=claims)
    def save(self, claim: Claim) -> None:
        """However late it comes: it stands under the newest fence only."""
        try:
            with run_state.fenced(claim, Save({})):
                source, target = (event.pk for event in self.events)
                RelationshipInstance.objects.create(
                    user_id=self.user,
                    source_event_id=source,
                    target_event_id=target,
                    relationship_type=f"payment {self.saved} {claim.run_id} {claim.fence}",
                    edge_class="flow",
                    confidence_score=1,
                    detection_method="test",
                )
            assert self.may(claim), "a save of an old attempt stood"
            self.saved, self.expired = self.saved + 1, False
        except LeaseLost:
            assert not self.may(claim), "a save of the newest attempt was refused"

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        run_state.renewed([claim])
        self.expired = self.expired and not self.may(claim)

    @rule()
    def time_passes(self) -> None:
        query = SyncRun.objects.using("owner").filter(pk=self.run.pk, status="running")
        if query.update(lease_until="2024-01-01T00:00:00Z"):
            self.expired = True

    @rule()
    def sweep(self) -> None:
        """A run whose lease has ended is queued again, one that is alive is left alone."""
        recover.stranded()
        if self.status == "running" and self.expired:
            self.status = "queued"
        self.run.refresh_from_db(using="owner")
        assert self.status in (self.run.status, "ended")

    @rule(claim=claims)
    def hand_back(self, claim: Claim) -> None:
        stood = run_state.handed_back(claim, Outcome.GIVEN_BACK, 0.0)
        assert stood == self.may(claim)
        self.status = "queued" if stood else self.status

    @rule(claim=claims)
    def succeed(self, claim: Claim) -> None:
        stood = run_state.succeeded([claim])[0]
        assert stood == self.may(claim)
        self.status = "ended" if stood else self.status

    @rule()
    def refresh_the_view(self) -> None:
        refresh.refresh()

    def may(self, claim: Claim) -> bool:
        newest = claim.run_id == self.run.pk and claim.fence == self.fence
        return newest and self.status == "running"

    @invariant()
    def every_save_shows_once(self) -> None:
        if hasattr(self, "saved"):
            graph, _ = load_graph.load(self.user, ("confidence_score",))
            assert graph.edge_count == self.saved

    def teardown(self) -> None:
        if hasattr(self, "run"):
            SyncRun.objects.using("owner").filter(connection=self.connection.pk).delete()


def driven(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Leases, settings=settings(max_examples=examples, stateful_step_count=steps, **FEW)
    )


def test_what_workers_do_in_any_order(own_queue, settings):
    settings.ARQ_MAX_TRIES = 1000
    refresh.refresh()
    driven(6, 25)


@pytest.mark.thorough
def test_what_workers_do_in_any_order_for_long(own_queue, settings):
    settings.ARQ_MAX_TRIES = 1000
    refresh.refresh()
    driven(100, 50)


def without(*parts: tuple[str, str]) -> Callable[[str], str]:
    """syncjobs.sql.read, where statements lack a part each: (name, part)."""
    real = sql.read

    def read(name: str) -> str:
        statement = real(name)
        for broken, part in parts:
            if name == broken:
                assert part in statement
                statement = statement.replace(part, "")
        return statement

    return read


BROKEN = {
    "saves ask for no fence": [("runs/saved", " AND fence = %(fence)s AND status = 'running'")],
    "claims keep the fence": [("runs/claimed", "fence = run.fence + 1, ")],
    "live runs are taken": [
        ("runs/stranded", " AND lease_until < now()"),
        ("runs/requeued", "\n        AND (run.status = 'queued' OR run.lease_until < now())"),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_statement_is_found(own_queue, settings, monkeypatch, name):
    settings.ARQ_MAX_TRIES = 1000
    refresh.refresh()
    monkeypatch.setattr(sql, "read", without(*BROKEN[name]))
    with pytest.raises((AssertionError, IntegrityError)):
        driven(25, 25)


def test_a_lost_change_record_is_found(own_queue, settings):
    settings.ARQ_MAX_TRIES = 1000
    refresh.refresh()
    with connections["owner"].cursor() as cursor:
        cursor.execute(TRIGGERS.format("DISABLE"))
    try:
        with pytest.raises(AssertionError):
            driven(25, 25)
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(TRIGGERS.format("ENABLE"))
