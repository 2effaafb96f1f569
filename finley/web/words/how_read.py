"""How a file is read, in sentences: from the lines of `graph.ingest.guessing.describe_mapping`."""

import re
from collections.abc import Iterable

ROLES = {
    "date": "date",
    "amount": "amount",
    "debit": "amount paid (debit)",
    "credit": "amount received (credit)",
    "payer": "payer",
    "payee": "payee",
    "document": "document number",
    "document_ref": "document number",
    "key": "name by which a row is known again",
    "records": "kind of each row",
}
LINE = re.compile(r"(?P<role>\w+) <- '(?P<column>[^']+)'(?P<rest>(?: \(.*\))?)")
QUOTED = re.compile(r"(\w+) <- (?:[a-z]+ )?'([^']+)'")
PARSED = re.compile(r"([\d,]+) of ([\d,]+) parse")
SURE = re.compile(r"confidence (\d\.\d+)")


def sentence(line: str) -> str:
    """The line as a sentence: how many cells could be read, and how sure the reading is.

    `date <- 'Posting date' (9 of 10 parse: %Y-%m-%d; confidence 0.79)` becomes `The date is in the
    column “Posting date”: 9 of 10 cells can be read; 79 % sure.`
    """
    match = LINE.fullmatch(line)
    if match is None:
        return _other(line)
    facts = []
    if parsed := PARSED.search(match["rest"]):
        facts.append(f"{parsed[1]} of {parsed[2]} cells can be read")
    if sure := SURE.search(match["rest"]):
        facts.append(_sure(sure[1]))
    after = f": {'; '.join(facts)}" if facts else ""
    return f"The {_role(match['role'])} is in the column “{match['column']}”{after}."


def columns(lines: Iterable[str]) -> dict[str, str]:
    """The first name in quotes for each role, such as date: its column, or for a party perhaps a
    name that every row has."""
    matches = [match for line in lines if (match := QUOTED.match(line))]
    return {match[1]: match[2] for match in reversed(matches)}


def _other(line: str) -> str:
    role, arrow, rest = line.partition(" <- ")
    text = f"The {_role(role)}: {rest}" if arrow else line[:1].upper() + line[1:]
    text = re.sub(r"'([^']+)'", r"“\1”", SURE.sub(lambda match: _sure(match[1]), text))
    return text if text.endswith(".") else f"{text}."


def _role(role: str) -> str:
    return ROLES.get(role, role.replace("_", " "))


def _sure(confidence: str) -> str:
    return f"{float(confidence) * 100:.0f} % sure"
