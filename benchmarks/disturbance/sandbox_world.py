"""The connections of the sandbox that are synced while everything around them breaks."""

from random import Random
from typing import Any

PROVIDERS = ("gmail", "dropbox", "gdrive", "zoho_mail")
FAULTS: tuple[dict[str, Any], ...] = (
    {"do": "401"},
    {"do": "503", "at": 2},
    {"do": "429", "retry_after": 0.5, "at": 2},
    {"do": "reset_mid_body", "at": 2},
)
SHARE = 0.03  # of the connections that has each of the faults


def world(connections: int, chance: Random) -> dict[str, dict[str, Any]]:
    """Descriptions of this many connections of the sandbox, by key: the provider, the faults and
    the contents. Most have no fault, some have a temporary one, and a few answer 401 for ever."""
    return {f"chaos-{number}": _connection(number, chance) for number in range(connections)}


def _connection(number: int, chance: Random) -> dict[str, Any]:
    drawn = int(chance.random() / SHARE)
    script = [FAULTS[drawn]] if drawn < len(FAULTS) else []
    return {"provider": chance.choice(PROVIDERS), "script": script, **_contents(number)}


def _contents(number: int) -> dict[str, Any]:
    """The contents of connection `number`. Every third connection has mail or ledgers that are
    imported, some of them many; those of the others are only listed."""
    if number % 10 == 0:
        return {"size": 10}
    if number % 3 == 0:
        return {"size": 3}
    things = [{"name": f"photo-{at}.jpg", "subject": f"Hello {at}"} for at in range(3)]
    return {"size": 0, "put": [{**thing, "attachments": [], "text": "-"} for thing in things]}
