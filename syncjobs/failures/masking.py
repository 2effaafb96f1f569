"""Masks secrets in payloads, errors and tracebacks before they are stored.

Every pattern starts at the start of a word and reads each character once (possessive quantifiers).
So the time is linear in the length of any text. The forms of well-known keys come from Yelp's
detect-secrets and the issuers' own pages.
"""

import json
import re
from typing import Any

MASK = "[masked]"
NAME = 64  # characters; a longer word is not the name of a secret
LONG = 40  # characters of a word with letters and digits; a longer one counts as a secret

_SECRET_NAME = re.compile(
    r"""
    (?<![a-z])pass$ | passw(?:or)?d | passphrase | passcode | pwd | secret | token | credential
    | (?:api|access|private|signing|encryption|account|auth|master|shared)[-_\s.]?key
    | authorization | ^auth$ | ^x-[\w-]*key$ | cookie | signature | hmac
    | session[-_]?(?:id|key) | bearer
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "cookie2"})

# name = value. The name may be quoted or have two words ("api key"). The value may be quoted or
# bare.
_NAME = re.compile(
    rf"""
    (?<![\w-])
    ((?:(?i:api|access|private|signing|secret|encryption)[ ])?[\w-]{{1,{NAME}}}+)
    ["']?\s{{0,3}}+(?:=>|:=|[:=])\s{{0,3}}+
    """,
    re.VERBOSE,
)
_VALUE = re.compile(
    r"""
    (?P<kept>["'])(?:\\.|(?!(?P=kept))[^\\\n])*+
    |(?P<scheme>(?i:bearer|basic|token|digest|negotiate|api-?key)\s{1,3}+)?[^\s"',;&)\]}]++
    """,
    re.VERBOSE,
)
_HEADER = re.compile(
    r"""(?ix) (?<![\w-]) (?P<name>(?:proxy-)?authorization|(?:set-)?cookie2?)
    (?P<between>\s{0,3}+[:=]\s{0,3}+) (?P<value>[^\r\n"']++)"""
)
# "token abc123": without a sign between them, only a value that looks like a secret counts.
_SAID = re.compile(
    r"""(?ix) (?<![\w-])
    (?P<name>bearer|basic|token|password|passwd|passphrase|pwd|secret|api[ _-]?key)
    (?P<between>(?:\s{1,3}+is)?\s{1,3}+["']?) (?P<value>[\w.~+/=!@\#$%^*-]{6,}+)"""
)
_ADDRESS = re.compile(r"(://[^\s:/@]*+:)[^\s/]+@")  # a password in a URL
_FORMS = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
        (?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}        # AWS
        |[rs]k_(?:live|test)_[0-9A-Za-z]{10,}                  # Stripe
        |whsec_[0-9A-Za-z+/=]{16,}
        |gh[pousr]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}
        |glpat-[0-9A-Za-z_-]{20,}
        |xox[abeoprs]-[0-9A-Za-z-]{10,}                        # Slack
        |AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{20,}       # Google
        |SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}            # SendGrid
        |sq0(?:csp|atp)-[0-9A-Za-z_-]{20,}                     # Square
        |(?:AC|SK)[0-9a-f]{32}                                 # Twilio
        |[0-9a-f]{32}-us[0-9]{1,2}                             # Mailchimp
        |npm_[0-9A-Za-z]{30,}|pypi-[0-9A-Za-z_-]{30,}
        |sk-[0-9A-Za-z_-]{20,}
        |finley_[0-9A-Za-z]{8,}
        |eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]+)?   # a JSON Web Token
    )
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*+(?:-----END [A-Z ]{0,30}-----)?")
_WORD = re.compile(rf"(?<![\w.~+/-])[\w.~+/-]{{{LONG},}}+={{0,2}}")
_START = re.compile(r"[\w-]+")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_SECRET = re.compile(r"[0-9a-f-]{32,40}|[\w/.-]+\.(?:py|csv|json|txt|pdf)", re.IGNORECASE)


def masked(text: str) -> str:
    """Replace passwords, tokens and keys in the text by MASK. Ids, hashes and paths stay.

    The time is linear in the text's length. A caller that keeps only a part of a long text cuts it
    first.
    """
    text = _BLOCK.sub(MASK, text)
    text = _ADDRESS.sub(rf"\1{MASK}@", text)
    text = _HEADER.sub(rf"\g<name>\g<between>{MASK}", text)
    text = _without_values(text)
    text = _SAID.sub(_said, text)
    text = _FORMS.sub(MASK, text)
    return _WORD.sub(_word, text)


def _without_values(text: str) -> str:
    """Replace the values of named secrets, such as `password=…`, by MASK. Values in headers have
    been replaced before."""
    parts, at = [], 0
    for name in _NAME.finditer(text):
        if name.end() <= at or not _is_secret(name[1]) or text.startswith(MASK, name.end()):
            continue
        if (value := _VALUE.match(text, name.end())) is not None:
            parts += [text[at : name.end()], value["kept"] or value["scheme"] or "", MASK]
            at = value.end()
    return "".join((*parts, text[at:]))


def _said(match: re.Match[str]) -> str:
    value = match["value"]
    looks_like_one = re.search(r"[0-9]", value) and re.search(r"[A-Za-z]", value)
    is_scheme = match["name"].lower() in {"bearer", "basic"} and len(value) >= 8
    return f"{match['name']}{match['between']}{MASK}" if looks_like_one or is_scheme else match[0]


def _word(match: re.Match[str]) -> str:
    """The word, masked if it looks like a secret. Ids, hashes, paths and names that contain an id
    are not masked."""
    word = match[0]
    rest = _ID.sub("", word)
    if _NO_SECRET.fullmatch(word) or (rest != word and len(rest) < 32):
        return word
    for part in _START.finditer(word):
        if len(word) - part.start() < LONG:
            break
        if re.search(r"[0-9]", part[0]) and re.search(r"[A-Za-z]", part[0]):
            return word[: part.start()] + MASK
    return word


def _is_secret(name: str) -> bool:
    return name.lower() in _HEADERS or _SECRET_NAME.search(name) is not None


def masked_json(value: Any) -> Any:
    """A copy of the JSON value in which values under a secret's name, and secrets within texts, are
    replaced by MASK."""
    if isinstance(value, dict):
        return {
            str(name): MASK if _is_secret(str(name)[:NAME]) else masked_json(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked_json(inner) for inner in value]
    return masked(value) if isinstance(value, str) else value


def indented_json(value: Any) -> str:
    """Return the value as indented JSON, with secrets masked."""
    return json.dumps(masked_json(value), indent=2, ensure_ascii=False)
