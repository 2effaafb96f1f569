"""Whether an action on a failure is possible, and the reason if not."""

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
    """Whether an action on a failure is possible. `reason` says why it is not, and is empty if it
    is."""

    failure_id: UUID
    failure: JobFailure | None
    reason: str = ""

    @property
    def eligible(self) -> bool:
        return not self.reason


def by_reason(verdicts: Iterable[Verdict]) -> list[tuple[str, int]]:
    """Each reason with its number of failures, the most frequent first."""
    return Counter(verdict.reason for verdict in verdicts if not verdict.eligible).most_common()


def found(rows: QuerySet[JobFailure], ids: Iterable[UUID]) -> dict[UUID, JobFailure | None]:
    """Read the failures with these ids from `rows`: id → failure, in the order of the ids. The
    value is None for an id without a failure."""
    unique_ids = list(dict.fromkeys(ids))
    by_id = rows.defer(*WIDE).in_bulk(unique_ids)
    return {failure_id: by_id.get(failure_id) for failure_id in unique_ids}
