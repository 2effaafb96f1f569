"""Parses mappings from TOML strictly: misspelt and unknown keys are errors that name the key."""

import tomllib
from pathlib import Path

from graph.ingest.mappings.mapping import (
    FIELDS,
    KINDS,
    QUARTER,
    RECORDS,
    AmountRule,
    DateRule,
    FileRule,
    KeyRule,
    Mapping,
    MappingError,
    PartyRule,
    RecordsRule,
    SkipRule,
)
from graph.ingest.mappings.strict_toml import Table, TableError


def load(path: Path) -> Mapping:
    """Return the mapping in a TOML file. Raises MappingError."""
    try:
        return parse(path.name, path.read_bytes())
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror or error}") from error


def loads(name: str, text: str) -> Mapping:
    """Return the mapping in a TOML text. Errors call the text `name`. Raises MappingError."""
    return parse(name, text.encode())


def parse(file: str, content: bytes) -> Mapping:
    """Return the mapping in the content of a TOML file. Raises MappingError."""
    try:
        table = Table(tomllib.loads(content.decode()))
        mapping = _mapping(table)
        table.finish()
    except UnicodeDecodeError as error:
        raise MappingError(f"{file}: is not UTF-8 ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{file}: is not TOML: {error}") from error
    except TableError as error:
        raise MappingError(f"{file}: {error}") from error
    return mapping


def _mapping(table: Table) -> Mapping:
    name = table.text("name")
    fields, constants = table.table("fields"), table.table("constants")
    recognise = table.table("recognise")
    columns = {field_name: column for field_name in FIELDS if (column := fields.column(field_name))}
    currency = constants.currency("currency")
    if currency is None and "currency" not in columns:
        raise constants.error("currency", "is missing, and [fields] names no currency column")
    return Mapping(
        name=name,
        title=table.text("title", name),
        source=table.text("source", name),
        platform=table.text("platform"),
        date=_date(table.table("date")),
        amount=_amount(table.table("amount")),
        payer=_party(table.table("payer")),
        payee=_party(table.table("payee")),
        currency=currency,
        recognise=recognise.columns("columns"),
        header=recognise.texts("header"),
        dates_vary=recognise.flag("dates_vary", default=False),
        file=_file(table.table("file")),
        key=_key(table.table("key")),
        publication=table.table("publication").columns("columns"),
        transaction=table.table("transaction").columns("columns"),
        records=_records(table),
        fields=columns,
        aliases=table.table("aliases").aliases(),
        skip=_skip(table.table("skip")),
    )


def _skip(table: Table) -> tuple[SkipRule, ...]:
    """Return the rules for rows to skip.

    Each key is a column; its table has the values or the pattern, and the reason.
    """
    return tuple(
        SkipRule(
            column,
            inner.text("reason", "the mapping skips such rows"),
            tuple(value.casefold() for value in inner.texts("values")),
            inner.pattern("pattern"),
        )
        for column, inner in table.tables()
    )


def _records(table: Table) -> RecordsRule | str | None:
    """Return the rule for what rows record, None if the TOML has none.

    It is `records = "payment"`, or a table with the column, its values, and the default.
    """
    if table.states_text("records"):
        return table.one_of("records", RECORDS)
    rule = table.table("records")
    column, default = rule.column("column"), rule.one_of("default", RECORDS, None)
    values = rule.table("values").choices(RECORDS)
    if bool(column) != bool(values):
        raise rule.error("column", "needs values, and values need a column: give both or neither")
    return RecordsRule(default, column, values) if column or default else None


def _file(table: Table) -> FileRule:
    return FileRule(
        encoding=table.encoding("encoding", "auto"),
        delimiter=table.one_of("delimiter", ("auto", ",", ";", "\t", "|"), "auto"),
        skip_blank=table.flag("skip_blank", True),
        header_line=table.at_least(0, "header_line", 1),
        labels=table.texts("labels"),
    )


def _key(table: Table) -> KeyRule:
    columns = table.columns("columns")
    content = table.flag("content", False)
    unique = table.flag("unique", bool(columns) and not content)
    if unique and not columns:
        raise table.error("unique", "needs columns: a key of every column is never sure to be so")
    if unique and content:
        raise table.error("unique", "cannot be true beside content: equal rows are counted")
    separators = table.text("separators", "")
    return KeyRule(
        columns, unique, separators, content, table.columns("ignore"), table.text("account", "")
    )


def _date(table: Table) -> DateRule:
    return DateRule(
        column=table.column_needed("column"),
        formats=table.date_formats("formats"),
        unknown=table.texts("unknown"),
        fallback=table.one_of("fallback", (QUARTER,), None),
        timezone=table.zone("timezone", "UTC"),
    )


def _amount(table: Table) -> AmountRule:
    column, debit, credit = (table.column(key) for key in ("column", "debit", "credit"))
    if (column is None) == (debit is None or credit is None) or (column and (debit or credit)):
        raise table.error("column", "name one column, or else both debit and credit")
    decimal = table.one_of("decimal", (".", ","), ".")
    other = "," if decimal == "." else "."
    thousands = table.one_of("thousands", (",", ".", " ", "'", ""), other)
    if thousands == decimal:
        raise table.error("thousands", "is the same as decimal")
    positive = table.one_of("positive", ("payer_pays", "payer_receives"), "payer_pays")
    if debit and positive == "payer_receives":
        raise table.error("positive", "has no meaning with debit and credit: leave it out")
    return AmountRule(
        column,
        debit,
        credit,
        decimal,
        thousands,
        positive,
        table.column("times"),
        table.columns("unsigned"),
        table.column("direction"),
        tuple(word.casefold() for word in table.texts("paid")),
        tuple(word.casefold() for word in table.texts("received")),
    )


def _party(table: Table) -> PartyRule:
    kind = table.one_of("kind", KINDS)
    name, default = table.column("name"), table.text("default", "") or None
    if name is None and default is None:
        raise table.error("name", "name the column of the party's name, or give a default")
    keys = table.table("keys").column_by_name()
    not_keys = table.table("not_keys").patterns(among=[kind for kind, _ in keys])
    kind_column, others = table.column("kind_column"), table.columns("or_else")
    return PartyRule(
        kind,
        name,
        default,
        keys,
        kind_column,
        not_keys,
        others,
        table.columns("received"),
        table.texts("own"),
    )
