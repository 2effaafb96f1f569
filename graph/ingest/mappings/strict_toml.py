"""Reads a TOML table strictly: types are checked, and unknown keys are errors."""

import difflib
import re
from collections.abc import Sequence
from typing import Any, overload

from graph.ingest.mappings.column_names import slug
from graph.ingest.parse_cells import EXCEL, currency_code, zone_of


class TableError(ValueError):
    """A value or key is wrong. The message has the key's path and what to do."""


class Table:
    """A TOML table. Every getter raises TableError for a value of the wrong type."""

    def __init__(self, content: dict[str, Any], path: str = "") -> None:
        self._content = content
        self._path = path
        self._known: dict[str, Table | None] = {}

    def error(self, key: str, what: str) -> TableError:
        return TableError(f"{self._at(key)} {what}")

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def finish(self) -> None:
        """Raise TableError for a key that was never read, which is probably misspelt."""
        for key in self._content:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self._known)}"
                raise self.error(key, f"is not a key of a mapping; {hint}")
        for table in self._known.values():
            if table is not None:
                table.finish()

    def _get(self, key: str, kind: type, kind_name: str) -> Any:
        self._known[key] = None
        value = self._content.get(key)
        right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if value is not None and not right:
            raise self.error(key, f"must be {kind_name}, not {value!r}")
        return value

    def table(self, key: str) -> "Table":
        """Return the inner table of that name, empty if it is missing."""
        table = Table(self._get(key, dict, "a table") or {}, self._at(key))
        self._known[key] = table
        return table

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, str, "a text")
        if value is None and default is None:
            raise self.error(key, "is missing")
        return str(default if value is None else value)

    def states_text(self, key: str) -> bool:
        """Return whether the key's value is a text. Use it where a table is allowed, too."""
        return isinstance(self._content.get(key), str)

    def choices(self, among: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return the whole table as pairs (name in small letters, one of `among`)."""
        return tuple((key.strip().casefold(), self.one_of(key, among)) for key in self._content)

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, bool, "true or false")
        return default if value is None else bool(value)

    def at_least(self, least: int, key: str, default: int) -> int:
        value = self._get(key, int, "a whole number")
        if value is not None and value < least:
            raise self.error(key, f"must be {least} or more, not {value}")
        return default if value is None else int(value)

    @overload
    def one_of[T: str](self, key: str, choices: Sequence[T], default: T = ...) -> T: ...
    @overload
    def one_of[T: str](self, key: str, choices: Sequence[T], default: None) -> T | None: ...
    def one_of(self, key: str, choices: Sequence[str], default: str | None = "") -> str | None:
        value = self._get(key, str, "a text")
        if value is None and (default is None or default in choices):
            return default
        if value not in choices:
            raise self.error(key, f"must be one of {', '.join(map(repr, choices))}")
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._get(key, list, "a list of texts") or []
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, "must be a list of texts")
        return tuple(values)

    def column(self, key: str) -> str | None:
        value = self._get(key, str, "a column's name")
        return None if value is None else self._name(key, value)

    def column_needed(self, key: str) -> str:
        column = self.column(key)
        if column is None:
            raise self.error(key, "is missing")
        return column

    def columns(self, key: str) -> tuple[str, ...]:
        return tuple(self._name(key, value) for value in self.texts(key))

    def _name(self, key: str, value: str) -> str:
        if not (name := slug(value)):
            raise self.error(key, f"{value!r} is not a column's name: it has no letter or digit")
        return name

    def column_by_name(self) -> tuple[tuple[str, str], ...]:
        """Return the whole table as pairs (name, column). Raises TableError for values that are
        no texts."""
        return tuple((key, self.column_needed(key)) for key in self._content)

    def patterns(self, among: Sequence[str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Return the whole table as pairs (name, regular expression). Raises TableError for a
        name that is not one of `among`."""
        for key in self._content:
            if key not in among:
                raise self.error(
                    key, f"is none of the keys: {', '.join(among) or 'there are none'}"
                )
        return tuple((key, self._pattern(key)) for key in self._content)

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """Return the key's value as a regular expression that ignores case; None if the key is
        missing."""
        text = self._get(key, str, "a regular expression")
        try:
            return None if text is None else re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise self.error(key, f"is not a regular expression: {error}") from error

    def tables(self) -> list[tuple[str, "Table"]]:
        """Return the whole table as pairs (column, inner table)."""
        return [(self._name(key, key), self.table(key)) for key in self._content]

    def _pattern(self, key: str) -> re.Pattern[str]:
        try:
            return re.compile(self.text(key))
        except re.error as error:
            raise self.error(key, f"is not a regular expression: {error}") from error

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the whole table as canonical name → other spellings."""
        return {self._name(key, key): self.texts(key) for key in self._content}

    def currency(self, key: str) -> str | None:
        value = self._get(key, str, "a currency code")
        try:
            return None if value is None else currency_code(value)
        except ValueError as error:
            raise self.error(key, str(error)) from error

    def encoding(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            "a".encode("ascii" if value == "auto" else value)
        except LookupError as error:
            raise self.error(key, f"{value!r} is no text encoding that Python knows") from error
        return value

    def zone(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            zone_of(value)
        except (OSError, ValueError, LookupError) as error:
            raise self.error(key, f"{value!r} is no time zone, as 'Europe/London' is") from error
        return value

    def date_formats(self, key: str) -> tuple[str, ...]:
        """Return the date formats under the key, at least one. Raises TableError for a format
        without a year."""
        formats = self.texts(key)
        if not formats:
            raise self.error(key, 'is missing: give a list such as ["%Y-%m-%d"]')
        for form in formats:
            self._check_format(key, form)
        return formats

    def _check_format(self, key: str, form: str) -> None:
        if form == EXCEL:
            return
        if not re.search(r"%[Yycx]", form):
            raise self.error(key, f"{form!r} has no year (%Y)")
        if "%" in re.sub(r"%[aAwdbBmyYHIpMSfzZjUWcxX%]", "", form):
            raise self.error(key, f"{form!r} has a directive that Python's strptime does not know")
