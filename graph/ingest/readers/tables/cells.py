"""Typed cells as texts, a column at a time."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

Cell = object


def texts(column: Sequence[Cell]) -> list[str]:
    """Numbers of one column with equally many decimals: 12.5 and 100 become 12.50 and 100.00."""
    numbers = {_number(cell) for cell in column if isinstance(cell, float)}
    places = max((_places(number) for number in numbers), default=0)
    return [_text(cell, 2 if places in {1, 2} else 0) for cell in column]


def _number(cell: float) -> Decimal:
    """What a spreadsheet shows: 15 significant digits."""
    return Decimal(f"{cell:.15g}")


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _text(cell: Cell, places: int) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        number = _number(cell)
        return f"{number:.{max(places, _places(number))}f}" if number.is_finite() else ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return _moment(cell) if isinstance(cell, date | time) else one_line(cell)


def _moment(cell: date | time) -> str:
    """A time at midnight without an offset is a date: spreadsheets know no other."""
    if not isinstance(cell, datetime):
        return cell.isoformat()
    if cell.time() == time(0) and cell.tzinfo is None:
        return cell.date().isoformat()
    return cell.isoformat(sep=" ", timespec="seconds") if cell.tzinfo is None else cell.isoformat()


def one_line(cell: Cell) -> str:
    """Any other cell in one line, so that lines and rows have the same number; "" for None."""
    return " ".join(str("" if cell is None else cell).split())
