"""Moments of the past that a question may be asked of: days, versions, limits of events."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from graph.database.past import Past
from graph.errors import QuestionError
from graph.history import moments
from graph.reading.change_feed import VERSION
from graph.view import version as view_version

BEGUN = "finley has recorded what it knew since {day}. Ask for that day or a later one."
NOT_BEGUN = "finley has not recorded what it knew before. Run: manage.py migrate"
NO_MOMENT = "Must be a day, such as 2026-03-01, or the as_of_version of an earlier answer."
UNKNOWN = "Your graph has not had this version yet."
GONE = (
    "The changes since this version are no longer recorded one by one, or several were made at "
    "the same time. Ask for a day."
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """What is read, and the day that counted as today then."""

    past: Past
    today: date


def moment(
    user_id: UUID, zone: ZoneInfo, as_of: str | None = None, valid: date | None = None
) -> AsOf:
    """Return the moment for a day or a version `as_of`, and for events up to the day `valid`.

    A day means what finley knew at its end, in the time zone; the current day means now. A
    version means what finley knew last before another version followed. Without `as_of`, what
    finley knows now. `valid` is a day in UTC. Raises QuestionError for a text that is neither, for
    a day or version of the future, and for one before the first that is known exactly.
    """
    until = None if valid is None else datetime.combine(valid, time.max, UTC)
    now = datetime.now(zone)
    recorded = None if as_of is None else recorded_until(user_id, as_of, now)
    known = (recorded or now).astimezone(zone) - timedelta(microseconds=bool(recorded))
    today = known.date() if valid is None else min(known.date(), valid)
    return AsOf(Past(recorded, until), today)


def recorded_until(
    user_id: UUID, as_of: str, now: datetime, field: str = "as_of"
) -> datetime | None:
    """Return the moment until which changes count, for a day or a version; None if all do.

    `now` is the current time in the tenant's time zone. Raises QuestionError about `field`, as
    `moment` does.
    """
    day = _day(as_of)
    if day is None:
        recorded = _of_version(user_id, as_of, field)
    elif day > now.date():
        raise QuestionError(f"{day} is in the future. Today is {now.date()}.", field)
    elif day == now.date():
        recorded = None
    else:
        recorded = datetime.combine(day + timedelta(days=1), time.min, now.tzinfo)
    if recorded is not None:
        _require_known(user_id, recorded, now, field)
    return recorded


def _day(as_of: str) -> date | None:
    try:
        return date.fromisoformat(as_of) if len(as_of) == len("2026-03-01") else None
    except ValueError:
        return None


def _of_version(user_id: UUID, as_of: str, field: str) -> datetime | None:
    wanted = VERSION.fullmatch(as_of)
    if wanted is None:
        raise QuestionError(NO_MOMENT, field)
    current = view_version.version(user_id)
    if as_of == current:
        return None
    count, _, server, *_ = current.split("-")
    later = int(count) - int(wanted[1])
    if wanted[3] == server and later <= 0:
        raise QuestionError(UNKNOWN, field)
    last_id = UUID(wanted[2]) if wanted[2] != "0" else None
    recorded = moments.of_version(user_id, later, last_id) if wanted[3] == server else None
    if recorded is None or wanted[4]:
        raise QuestionError(GONE, field)
    return recorded


def _require_known(user_id: UUID, recorded: datetime, now: datetime, field: str) -> None:
    began = moments.began(user_id)
    if began is None:
        raise QuestionError(NOT_BEGUN, field)
    if recorded <= began:
        day = began.astimezone(now.tzinfo).date()
        raise QuestionError(BEGUN.format(day=day), field)
