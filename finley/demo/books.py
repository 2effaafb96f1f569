"""Generates demo books: eighteen months of a small invented company, with the truth about them.

    python -m finley.demo.books FOLDER [--seed N] [--months N] [--json]

The same arguments give the same bytes. Nothing in the books is real.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from finley.demo import (
    bank_settlement,
    company,
    decoys,
    duplicates_and_reversals,
    one_off_payments,
    recurring,
)
from finley.demo.frequency import DAY, add_months
from finley.demo.journal import COLUMNS, Journal
from finley.demo.truth import Truth

TRUTH_FILE = "truth.json"
DEFAULT_START = date(2024, 7, 1)


@dataclass(frozen=True)
class Sheets:
    """The books before they are written: the rows by file name (in file order), and the truth."""

    rows: dict[str, list[dict[str, str]]]
    truth: Truth


@dataclass(frozen=True)
class Books:
    """The books on disk: the paths of the CSV files and of truth.json, and the truth itself."""

    files: list[Path]
    truth: Truth


def generate(
    seed: int = 7,
    *,
    months: int = 18,
    start: date = DEFAULT_START,
    end: date | None = None,
    scale: float = 1.0,
    staff: int = 25,
    jitter_days: int = 2,
    missed: float = 0.05,
) -> Sheets:
    """Return the books of `months` whole months, from the first day of `start`'s month on. With
    `end` they end on that day instead, and the last month is incomplete.

    `scale` multiplies the number of irregular payments. `jitter_days` (0 to 4) is the most by which
    an unsteady commitment deviates from its day; weekly ones deviate by at most 1 day, fortnightly
    ones by 2. Weekends and rare shifts of up to five days are added. `missed` is the share of
    occurrences that do not happen.

    Raises ValueError for fewer than six months, fewer than eight staff or more than thirty-five,
    jitter outside 0..4 or a negative scale.
    """
    _check(months, scale, staff, jitter_days)
    span = _span(start, months, end)
    founded = company.found(seed, span, staff=staff, jitter_days=jitter_days, missed=missed)
    journal = Journal(founded, founded.dice("journal"))
    _keep(journal, scale)
    names = journal.numbered()
    journal.state_balances()
    rows = {file: [row.values for row in journal.rows[file]] for file in COLUMNS}
    return Sheets(rows, journal.truth().renamed(names))


def _span(start: date, months: int, end: date | None) -> tuple[date, date]:
    if end is not None:
        return add_months(end.replace(day=1), 1 - months), end
    first = start.replace(day=1)
    return first, add_months(first, months) - DAY


def _keep(journal: Journal, scale: float) -> None:
    """Write all rows into the journal. Mistakes come last, because they copy rows whose invoices
    have their numbers by then (Journal.number_invoices)."""
    recurring.write_down(journal)
    one_off_payments.write_down(journal, scale)
    decoys.write_down(journal, scale)
    journal.number_invoices()
    duplicates_and_reversals.write_down(journal)
    journal.number_invoices()
    bank_settlement.write_down(journal)


def _check(months: int, scale: float, staff: int, jitter_days: int) -> None:
    if months < 6:
        raise ValueError("books need at least six months")
    if not 8 <= staff <= 35:
        raise ValueError("staff must be 8 to 35")
    if not 0 <= jitter_days <= 4:
        raise ValueError("jitter_days must be 0 to 4")
    if scale < 0:
        raise ValueError("scale must not be negative")


def write(
    folder: Path,
    seed: int = 7,
    *,
    months: int = 18,
    start: date = DEFAULT_START,
    end: date | None = None,
    scale: float = 1.0,
    staff: int = 25,
    jitter_days: int = 2,
    missed: float = 0.05,
) -> Books:
    """Write the CSV files and truth.json into `folder`, which is created if missing. See
    `generate`."""
    sheets = generate(
        seed, months=months, start=start, end=end, scale=scale, staff=staff,
        jitter_days=jitter_days, missed=missed,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: _csv(COLUMNS[name], rows) for name, rows in sheets.rows.items()}
    texts[TRUTH_FILE] = sheets.truth.to_json()
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    return Books([folder / name for name in texts], sheets.truth)


def _csv(columns: Sequence[str], rows: list[dict[str, str]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _counts(books: Books) -> dict[str, dict[str, int]]:
    lists = {name: value for name, value in vars(books.truth).items() if isinstance(value, list)}
    return {
        "rows": {
            path.name: path.read_text("utf-8").count("\n") - 1
            for path in books.files
            if path.suffix == ".csv"
        },
        "truth": {name: len(value) for name, value in lists.items()},
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m finley.demo.books",
        description="Write the books of an invented company, and truth.json, what is true of them.",
    )
    parser.add_argument("folder", type=Path, help="where to write; made if missing")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another company (7)")
    parser.add_argument("--months", type=int, default=18, help="how many months, at least 6 (18)")
    parser.add_argument("--end", type=date.fromisoformat, help="their last day, YYYY-MM-DD")
    parser.add_argument("--scale", type=float, default=1.0, help="times the casual traffic (1.0)")
    parser.add_argument("--jitter", type=int, default=2, help="days off the agreed day, 0-4 (2)")
    parser.add_argument("--json", action="store_true", help="print the files and counts as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line. Return the exit status: 0, or 2 for arguments for which there are no
    books."""
    args = _arguments(argv)
    try:
        books = write(
            args.folder, args.seed, months=args.months, end=args.end, scale=args.scale,
            jitter_days=args.jitter,
        )  # fmt: skip
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = {"files": [str(path) for path in books.files], **_counts(books)}
    if args.json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    sys.stdout.write("".join(f"{path}\n" for path in books.files))
    for group, counts in _counts(books).items():
        sys.stdout.write(f"{group}: {', '.join(f'{k} {v}' for k, v in counts.items())}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
