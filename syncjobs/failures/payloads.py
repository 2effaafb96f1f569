"""The payload of a replay: the failure's own, or one edited by a person."""

import json
import re
from typing import Any, NoReturn

from syncjobs.errors import PayloadRefused
from syncjobs.models import JobFailure

# Stored in the payload, but not part of the request.
BOOKKEEPING = (
    "run", "connection", "delivery", "endpoint", "event", "task", "queue", "args", "kwargs",
)  # fmt: skip
KEYS = {"full": "true: list everything at the provider again; false: only what changed"}
MOST = 100_000  # characters
OBJECT = 'The payload must be a JSON object, such as {"full": true}.'
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def requested_payload(failure: JobFailure) -> dict[str, Any]:
    """The failure's payload without the keys that name its run and connection: what a replay
    requests again."""
    return {name: value for name, value in failure.payload.items() if name not in BOOKKEEPING}


def parsed(text: str) -> dict[str, Any]:
    """Parse the JSON object that a person typed. Raises PayloadRefused if it is too long, or is not
    an object."""
    if len(text) > MOST:
        raise PayloadRefused(f"The payload is too long. The maximum is {MOST:,} characters.")
    try:
        payload = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PayloadRefused(f"The payload is not JSON: {error}.") from None
    return _an_object(payload)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def edited(failure: JobFailure, payload: object) -> dict[str, Any]:
    """The failure's new payload. It keeps its run and connection, whether or not the edited payload
    repeats them.

    Raises PayloadRefused, also for a key that no task reads.
    """
    payload = _an_object(payload)
    _refuse_what_no_column_holds(payload)
    _refuse_what_no_task_reads(payload)
    own = {name: failure.payload[name] for name in BOOKKEEPING if name in failure.payload}
    for name in BOOKKEEPING:
        if name in payload and payload[name] != own.get(name):
            raise PayloadRefused(f"A replay keeps its {name}. Leave {name!r} unchanged or out.")
    return {**own, **payload}


def keys_in_words() -> str:
    """The keys of a payload with their meanings, in a sentence."""
    return f"The keys are {'; '.join(f'{name} ({text})' for name, text in KEYS.items())}."


def _refuse_what_no_task_reads(payload: dict[str, Any]) -> None:
    unknown = [repr(name) for name in payload if name not in (*KEYS, *BOOKKEEPING)]
    if unknown:
        names = ", ".join(unknown)
        raise PayloadRefused(f"The payload has no key {names:.200}. {keys_in_words()}")
    if not isinstance(payload.get("full", False), bool):
        raise PayloadRefused("'full' must be true or false.")


def _an_object(payload: object) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise PayloadRefused(OBJECT)
    return payload


def _refuse_what_no_column_holds(payload: dict[str, Any]) -> None:
    """Raises PayloadRefused for NaN, NUL and lone surrogates, which jsonb cannot store."""
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadRefused(f"The payload is not JSON: {error}.") from None
    if _NUL.search(text):
        raise PayloadRefused("The payload contains a NUL character.")
    if len(text) > MOST:
        raise PayloadRefused(f"The payload is too long. The maximum is {MOST:,} characters.")
