"""The charity's books as a whole: `generate` them, or `write` them with the truth."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.otherbooks import (
    agreements,
    duplicates_and_reversals,
    one_off_payments,
    payment_runs,
)
from benchmarks.otherbooks.bank_days import DAY
from benchmarks.otherbooks.book_files import COLUMNS, Desk
from benchmarks.otherbooks.people import Register
from finley.demo.truth import Cash, Truth
from finley.demo.unpaid import unpaid
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.mapping import Mapping

FORMATS = Path(__file__).with_name("formats")
START = date(2023, 2, 1)
Rows = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Sheets:
    """The rows by file name in file order, and the truth."""

    rows: Rows
    truth: Truth


@dataclass(frozen=True)
class Books:
    """The files on disk and the truth."""

    files: list[Path]
    truth: Truth


def generate(
    seed: int = 1,
    *,
    months: int = 26,
    jitter_days: int = 3,
    missed: float = 0.05,
    scale: float = 1.0,
    staff: int = 7,
    givers: int = 24,
) -> Sheets:
    """Return the books of this many months. The same arguments give the same books.

    `jitter_days` is the most by which loose agreements deviate from their day. `missed` is the
    share of their occurrences that do not happen. `scale` multiplies the irregular payments. Raises
    ValueError for fewer than six months.
    """
    if months < 6:
        raise ValueError("books need at least six months")
    rng = Random(f"other books {seed}")
    years, month = divmod(START.month - 1 + months, 12)
    span = (START, date(START.year + years, month + 1, 1) - DAY)
    desk = Desk(span, rng, Register(rng), jitter_days, missed)
    _keep(desk, scale, staff, givers)
    true_cash = desk.cash()  # by references that are not renamed yet
    names = desk.numbered()
    desk.state_balances()
    truth = _truth(desk, seed, true_cash).renamed(names)
    rows = {file: [row.cells for row in lines] for file, lines in desk.rows.items()}
    _publish_again(rows, rng)
    return Sheets(rows, truth)


def write(folder: Path, seed: int = 1, **options: Any) -> Books:
    """Write the CSV files and truth.json into `folder`, which is created if missing. See
    `generate`."""
    sheets = generate(seed, **options)
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in sheets.rows.items():
        text = StringIO()
        writer = csv.DictWriter(text, COLUMNS[file], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (folder / file).write_bytes(text.getvalue().encode())
    (folder / "truth.json").write_text(sheets.truth.to_json())
    return Books([folder / file for file in sheets.rows], sheets.truth)


def mapping_of(file: str) -> Mapping:
    """The mapping that reads a file of these books."""
    return from_toml.load(FORMATS / file.replace(".csv", ".toml"))


def _keep(desk: Desk, scale: float, staff: int, givers: int) -> None:
    """Write all rows of the books. Mistakes are written after their originals, and payments after
    the mistakes that they pay."""
    parties = one_off_payments.Met(platform=desk.register.company("Giving Online"))
    people = [desk.register.person("employee") for _ in range(staff)]
    promised = [desk.register.person("customer") for _ in range(givers)]
    agreements.write_down(desk, people, promised)
    one_off_payments.write_down(desk, parties, people, scale)
    duplicates_and_reversals.write_down(desk)
    payment_runs.write_down(desk)
    duplicates_and_reversals.at_the_bank(desk)


def _truth(desk: Desk, seed: int, true_cash: list[Cash]) -> Truth:
    start, end = desk.span
    return Truth(
        seed, start, end, desk.series, desk.duplicates, desk.same, desk.settles, desk.fees,
        desk.reversals, desk.aliases(), desk.decoys, desk.echoes, [], [],
        [one_off_payments.ANONYMOUS.name], true_cash, desk.balances(),
        unpaid(payment_runs.bills(desk), desk.settles, end),
    )  # fmt: skip


def _publish_again(rows: Rows, rng: Random) -> None:
    """Publish one month of the card feed once more, under another month's name."""
    months = sorted({row["File month"] for row in rows["cards.csv"]})
    again, under = rng.sample(months[1:], 2)
    copies = [
        row | {"File month": under} for row in rows["cards.csv"] if row["File month"] == again
    ]
    rows["cards.csv"] += copies
