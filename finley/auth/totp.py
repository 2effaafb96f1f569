"""Time-based one-time passwords of RFC 6238: six digits, SHA-1, a new one every 30 seconds.

These are the values that all authenticator apps support.
"""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
DRIFT = 1  # steps that the clocks of the app and the server may differ
SECRET_BYTES = 20  # RFC 4226 recommends the length of SHA-1's result


def new_secret() -> str:
    """A random secret in base32, as a person types it into an app."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code(secret: str, step: int) -> str:
    """The code of this time step (Unix time divided by 30). RFC 4226, section 5.3."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, text: str, now: float) -> int | None:
    """The time step to which the code `text` belongs, at most DRIFT steps from `now` (Unix time in
    seconds). None for a wrong code.

    The comparison takes the same time whichever digits are wrong.
    """
    current = int(now) // STEP
    steps = range(current - DRIFT, current + DRIFT + 1)
    matching = [step for step in steps if hmac.compare_digest(code(secret, step), text)]
    return matching[-1] if matching else None


def address(secret: str, account: str, issuer: str = "finley") -> str:
    """The otpauth URL by which an authenticator app takes over the secret, for example from a QR
    code."""
    query = urlencode({"secret": secret, "issuer": issuer, "digits": DIGITS, "period": STEP})
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{query}"
