"""Reads environment variables and explains wrong values."""

import os
import re
from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

YES = frozenset({"1", "true", "yes", "on"})
ORIGIN = re.compile(
    r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?"
)
NO = frozenset({"", "0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    """The variable's value, or `default` if it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """The value of a yes/no variable. Raises ImproperlyConfigured for other values."""
    value = text(name, "1" if default else "0").lower()
    if value in YES | NO:
        return value in YES
    raise ImproperlyConfigured(f"{name}={value!r} must be 1 or 0.")


def number(name: str, default: int) -> int:
    """The value of a variable that is a whole number. Raises ImproperlyConfigured for other
    values."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} must be a whole number.") from None


def decimal(name: str, default: float) -> float:
    """The value of a variable that is a number greater than 0. Raises ImproperlyConfigured for
    other values."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        parsed = 0.0
    if not 0 < parsed < float("inf"):
        raise ImproperlyConfigured(f"{name}={value!r} must be a number greater than 0.")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """The words of a variable that is a comma-separated list, without blanks around them."""
    return [word for raw in text(name, default).split(",") if (word := raw.strip())]


def origins(name: str) -> list[str]:
    """The origins (scheme and host) of a variable that is a comma-separated list of them. Raises
    ImproperlyConfigured for other words."""
    origins = words(name)
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"{name}: {origin!r} is not an origin. Use scheme and host, such as "
                "https://app.example.com, without a path."
            )
    return origins


def networks(name: str) -> list[str]:
    """The networks, such as 10.0.0.0/8, of a variable that is a comma-separated list of them.
    Raises ImproperlyConfigured for other words."""
    texts = words(name)
    for text_of_network in texts:
        try:
            ip_network(text_of_network)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from None
    return texts


def one_of(name: str, *choices: str) -> str:
    """The value of a variable, which must be one of `choices`; the first of them if it is not set.
    Raises ImproperlyConfigured for other values."""
    value = text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of: {', '.join(choices)}.")
    return value
