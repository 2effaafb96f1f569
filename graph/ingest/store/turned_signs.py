"""Detects a change of signs in the books: from one day on, amounts that were positive are negative.

Such a change does not come from the payments. The books' convention changed, or a part of them is
read wrongly. The rows after it are read as money that comes back, so a person must know.
"""

from typing import Any

from django.db.backends.utils import CursorWrapper

from graph import sql

EARLIER = 100  # days of the source before the file that are compared
PARTIES, ROWS = 3, 6  # least numbers that change: parties of a code, and its rows before and after
SHARE = 0.95  # least share of a code's rows, and of its parties, that change
NAMED = 3  # codes that one warning names


def warnings(cursor: CursorWrapper, values: dict[str, Any]) -> list[str]:
    """Return a sentence for each day on which the signs of some codes change in `incoming`.

    `values` has user_id and source of the import. It runs in the tenant's transaction.
    """
    bounds = {"earlier": EARLIER, "parties": PARTIES, "rows": ROWS, "share": SHARE}
    cursor.execute(sql.read("ingest/turned_signs"), {**values, **bounds})
    codes: dict[tuple[Any, bool], list[str]] = {}
    for code, is_positive, day, _ in cursor.fetchall():
        codes.setdefault((day, is_positive), []).append(code)
    return [_warning(those, str(day), way) for (day, way), those in sorted(codes.items())]


def _warning(codes: list[str], day: str, is_positive: bool) -> str:
    names = ", ".join(repr(code) for code in codes[:NAMED])
    more = f" and {len(codes) - NAMED} more" if len(codes) > NAMED else ""
    old, new = ("positive", "negative") if is_positive else ("negative", "positive")
    return (
        f"from {day} on all amounts of {names}{more} are {new} that were {old} before: the books' "
        "signs seem to have changed, and money is read as flowing the other way since"
    )
