"""Converts typed cells to texts, a column at a time."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

Cell = object


def texts(column: Sequence[Cell]) -> list[str]:
    """Return the column's cells as texts.

    If its numbers have at most two decimals, and any has one, all get two: 12.5 and 100 become
    12.50 and 100.00.
    """
    numbers = {cell: _number(cell) for cell in column if isinstance(cell, float)}
    places = max((len(_decimals(number)) for number in numbers.values()), default=0)
    if places in {1, 2}:
        numbers = {cell: _padded(number) for cell, number in numbers.items()}
    return [numbers[cell] if isinstance(cell, float) else _text(cell) for cell in column]


def _number(cell: float) -> str:
    """Return the number as a spreadsheet shows it, with 15 significant digits; "" for NaN and
    infinities."""
    number = f"{cell:.15g}"
    if "e" not in number and "n" not in number:
        return number
    exact = Decimal(number)
    return f"{exact:f}" if exact.is_finite() else ""


def _decimals(number: str) -> str:
    return number.partition(".")[2]


def _padded(number: str) -> str:
    """Return the number with two decimals."""
    if not number:
        return ""
    whole, _, decimals = number.partition(".")
    return f"{whole}.{decimals:0<2}"


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return one_line(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return _timestamp(cell) if isinstance(cell, date | time) else one_line(cell)


def _timestamp(cell: date | time) -> str:
    """Return the timestamp as text.

    One at midnight without an offset becomes a date, because spreadsheets have no dates without a
    time.
    """
    if not isinstance(cell, datetime):
        return cell.isoformat()
    if cell.time() == time(0) and cell.tzinfo is None:
        return cell.date().isoformat()
    return cell.isoformat(sep=" ", timespec="seconds") if cell.tzinfo is None else cell.isoformat()


def one_line(cell: Cell) -> str:
    """Return the text of a cell of any other type in one line; "" for None. One line a row keeps
    lines and rows numbered alike."""
    return " ".join(str("" if cell is None else cell).split())
