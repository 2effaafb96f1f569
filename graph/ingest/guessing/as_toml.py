"""Writes a mapping as TOML that from_toml.load reads, with a guess's doubts as comments."""

import json
from collections.abc import Iterable, Iterator

from graph.ingest.guessing.describe_mapping import explain
from graph.ingest.mappings.mapping import (
    FileRule,
    Mapping,
    PartyRule,
    RecordsRule,
    SkipRule,
)

HEAD = """\
# A format of ledger files (docs/formats.md). Made by make_mapping from {title};
# read it, correct it, and import with: manage.py import_ledger FILE --mapping THIS.toml"""


def as_toml(mapping: Mapping) -> str:
    """Return the mapping as TOML, which `from_toml.load` reads as the same mapping.

    Doubts are comments that begin with `# not sure:`.
    """
    return "\n".join([*_lines(mapping), ""])


def _lines(mapping: Mapping) -> Iterator[str]:
    yield HEAD.format(title=mapping.title)
    yield from (f"# {line}" for line in explain(mapping))
    yield ""
    for name in ("name", "title", "source", "platform"):
        yield f"{name} = {_text(getattr(mapping, name))}"
    if isinstance(mapping.records, str):
        yield f"records = {_text(mapping.records)}  # payment obligation order transfer claim fee"
    if mapping.recognise or mapping.header:
        known = [("columns", mapping.recognise), ("header", mapping.header)]
        yield from _table("recognise", known)
    yield from _file(mapping.file)
    key = mapping.key
    yield from _table(
        "key",
        [
            ("columns", key.columns),
            ("unique", key.unique),
            ("separators", key.separators),
            ("content", key.content),
            ("ignore", key.ignore),
            ("account", key.account),
        ],
    )
    yield from _table("publication", [("columns", mapping.publication)])
    yield from _table("transaction", [("columns", mapping.transaction)])
    yield from _date_and_amount(mapping)
    yield from _party("payer", mapping.payer)
    yield from _party("payee", mapping.payee)
    yield from _table("fields", mapping.fields.items())
    yield from _table("constants", [("currency", mapping.currency)])
    yield from _table("aliases", mapping.aliases.items())
    if isinstance(mapping.records, RecordsRule):
        yield from _records(mapping.records)
    for rule in mapping.skip:
        yield from _skip(rule)


def _file(rule: FileRule) -> Iterator[str]:
    """Yield the lines of TOML about the file's layout. They leave out the encoding, because the
    next file may have another."""
    yield from _table(
        "file",
        [
            ("delimiter", rule.delimiter),
            ("header_line", rule.header_line),
            ("labels", rule.labels),
            ("skip_blank", None if rule.skip_blank else False),
        ],
    )


def _date_and_amount(mapping: Mapping) -> Iterator[str]:
    date, amount = mapping.date, mapping.amount
    zone = date.timezone if date.timezone != "UTC" else None
    yield from _table(
        "date",
        [
            ("column", date.column),
            ("formats", date.formats),
            ("unknown", date.unknown),
            ("fallback", date.fallback),
            ("timezone", zone),
        ],
    )
    yield from _table(
        "amount",
        [
            ("column", amount.column),
            ("debit", amount.debit),
            ("credit", amount.credit),
            ("decimal", amount.decimal),
            ("thousands", amount.thousands),
            ("positive", None if amount.debit else amount.positive),
            ("times", amount.times),
            ("unsigned", amount.unsigned),
            ("direction", amount.direction),
            ("paid", amount.paid),
            ("received", amount.received),
        ],
    )


def _party(role: str, party: PartyRule) -> Iterator[str]:
    yield from _table(
        role,
        [
            ("kind", party.kind),
            ("name", party.name),
            ("default", party.default),
            ("kind_column", party.kind_column),
            ("or_else", party.or_else),
            ("received", party.received),
            ("own", party.own),
        ],
    )
    yield from _table(f"{role}.keys", party.keys)
    yield from _table(f"{role}.not_keys", [(kind, rule.pattern) for kind, rule in party.not_keys])


def _records(rule: RecordsRule) -> Iterator[str]:
    yield from _table("records", [("default", rule.default), ("column", rule.column)])
    yield from _table("records.values", rule.values)


def _skip(rule: SkipRule) -> Iterator[str]:
    pattern = rule.pattern.pattern if rule.pattern else None
    yield from _table(
        f"skip.{_key(rule.column)}",
        [("reason", rule.reason), ("values", rule.values), ("pattern", pattern)],
    )


def _table(name: str, items: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield the lines of a TOML table without its empty values; no line if all values are empty."""
    filled = [
        (key, value) for key, value in items if value is not False and value not in (None, "", ())
    ]
    if filled:
        yield ""
        yield f"[{name}]"
        yield from (f"{_key(key)} = {_value(value)}" for key, value in filled)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return _text(str(value))


def _text(text: str) -> str:
    """Return the text as a basic string of TOML. JSON's escapes are valid in TOML, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _text(key)
