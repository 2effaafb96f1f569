"""What is to become of a failure when something is asked of it: done, or why not."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from syncjobs.models import JobFailure

UNKNOWN = "There is no such failure."
WIDE = ("payload", "payload_history", "traceback")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` says in a sentence why nothing is done; empty: nothing stands against it."""

    failure_id: UUID
    failure: JobFailure | None
    reason: str = ""

    @property
    def eligible(self) -> bool:
        return not self.reason


def by_reason(verdicts: Iterable[Verdict]) -> list[tuple[str, int]]:
    """Each reason against, and of how many failures; the most frequent first."""
    return Counter(verdict.reason for verdict in verdicts if not verdict.eligible).most_common()


def found(rows: QuerySet[JobFailure], ids: Iterable[UUID]) -> dict[UUID, JobFailure | None]:
    """Each id once, in the order given, with its row; None for a stranger."""
    wanted = list(dict.fromkeys(ids))
    known = rows.defer(*WIDE).in_bulk(wanted)
    return {failure_id: known.get(failure_id) for failure_id in wanted}
