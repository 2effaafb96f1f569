"""Checks the sender of a mail by the receiving provider's Authentication-Results (RFC 8601).

Anybody can write any sender's name and address into a mail. Only the first header that names the
provider's own server counts. Headers below it may be a stranger's.
"""

import re
from collections.abc import Iterable

METHODS = ("spf", "dkim", "dmarc")
RESULTS = frozenset(
    {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"}
)
HEADER = "authentication-results"
MOST = 4_000  # characters of a header that are read
MOST_RAW = 256_000  # characters of all headers that are read
_FOLD = re.compile(r"\r?\n[ \t]")
_RESULT = re.compile(
    r"(?<![\w-])(spf|dkim|dmarc)\s{0,3}=\s{0,3}([a-z]{1,20})(?![\w-])", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()]*+\)")


def stated(raw: str) -> list[str]:
    """The Authentication-Results of raw headers (RFC 5322), unfolded, in the order of the mail."""
    lines = _FOLD.sub(" ", raw[:MOST_RAW]).splitlines()
    named = (line.partition(":") for line in lines)
    return [value for name, _, value in named if name.strip().lower() == HEADER]


def checked(headers: Iterable[str], *servers: str) -> dict[str, str]:
    """The results of the provider's checks, as {"spf": "pass", "dkim": …, "dmarc": …}, from the
    first header that one of the provider's `servers` wrote.

    A method that the header does not name is "none". Of several DKIM signatures, one that passes is
    enough.
    """
    own = next((header for header in headers if _server(header) in servers), "")
    results = dict.fromkeys(METHODS, "none")
    for method, result in _RESULT.findall(_COMMENT.sub(" ", own[:MOST].lower())):
        if result in RESULTS and results[method] != "pass":
            results[method] = result
    return results


def sender_verdict(checks: dict[str, str]) -> str:
    """Return "verified", "failed" or "unverified".

    "verified": DMARC passed, so the address in From is the sender's. "failed": DMARC failed, or SPF
    and DKIM both failed. "unverified": anything else.
    """
    if checks.get("dmarc") == "pass":
        return "verified"
    failed = {"fail", "permerror"}
    if checks.get("dmarc") in failed or {checks.get("spf"), checks.get("dkim")} <= failed:
        return "failed"
    return "unverified"


def _server(header: str) -> str:
    """The authentication server's name: the header's first word."""
    return header[:MOST].strip().partition(";")[0].split(" ")[0].lower()
