"""What a replay asks for: the failure's payload, or one that a person has edited."""

import json
import re
from typing import Any, NoReturn

from syncjobs.errors import PayloadRefused
from syncjobs.models import JobFailure

BOOKKEEPING = ("run", "connection")  # written beside what was asked; no run is asked for them
MOST = 100_000  # characters
OBJECT = 'The payload must be a JSON object, such as {"full": true}.'
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def asked(failure: JobFailure) -> dict[str, Any]:
    """What a replay asks for."""
    return {name: value for name, value in failure.payload.items() if name not in BOOKKEEPING}


def parsed(text: str) -> dict[str, Any]:
    """The payload that a person typed. Raises PayloadRefused."""
    if len(text) > MOST:
        raise PayloadRefused(f"The payload is too long: {MOST:,} characters at most.")
    try:
        payload = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PayloadRefused(f"The payload is not JSON: {error}.") from None
    return _an_object(payload)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def edited(failure: JobFailure, payload: object) -> dict[str, Any]:
    """The payload that the failure is to hold. Raises PayloadRefused.

    It stays with its run and connection, whether the edited one repeats them or not.
    """
    payload = _an_object(payload)
    _refuse_what_no_column_holds(payload)
    kept = {name: failure.payload[name] for name in BOOKKEEPING if name in failure.payload}
    for name in BOOKKEEPING:
        if name in payload and payload[name] != kept.get(name):
            raise PayloadRefused(f"A replay keeps its {name}: leave {name!r} as it is, or out.")
    return {**kept, **payload}


def _an_object(payload: object) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise PayloadRefused(OBJECT)
    return payload


def _refuse_what_no_column_holds(payload: dict[str, Any]) -> None:
    """jsonb holds neither NaN nor NUL nor half a surrogate pair."""
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadRefused(f"The payload is not JSON: {error}.") from None
    if _NUL.search(text):
        raise PayloadRefused("The payload holds a NUL character.")
    if len(text) > MOST:
        raise PayloadRefused(f"The payload is too long: {MOST:,} characters at most.")
