"""The planted books as a whole: `generate` them, or `write` them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from random import Random

from benchmarks.planted import (
    background,
    bills,
    charges,
    claims,
    long_series,
    short_series,
    spellings,
)
from benchmarks.planted.book_files import COLUMNS, Sheets
from benchmarks.planted.planted_names import Names
from benchmarks.planted.truth import PlantedTruth
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.mapping import Mapping

FORMATS = Path(__file__).with_name("formats")
SPAN = (date(2022, 7, 1), date(2024, 11, 30))


@dataclass(frozen=True)
class Books:
    """The files on disk and the truth."""

    files: list[Path]
    truth: PlantedTruth


def generate(seed: int = 1, scale: float = 1.0) -> Sheets:
    """Return the books of 29 months, with final keys. The same arguments give the same books.

    `scale` multiplies the ordinary payments. The number of planted cases does not change.
    """
    rng = Random(f"planted {seed}")
    sheets = Sheets(SPAN, rng, Names(rng))
    background.plant(sheets, scale)
    for module in (spellings, bills, long_series, short_series, charges, claims):
        module.plant(sheets)
    return sheets


def write(folder: Path, seed: int = 1, scale: float = 1.0) -> Books:
    """Write the CSV files into `folder`, which is created if missing."""
    sheets = generate(seed, scale)
    names = sheets.numbered()
    back = {new: old for old, new in names.items()}
    by_ref = sheets.aliases()  # by references that are not renamed yet
    truth = PlantedTruth(
        seed, *SPAN, series=sheets.series, duplicates=sheets.duplicates,
        same_transaction=sheets.same, settles=sheets.settles, fee_of=sheets.fees,
        reversals=sheets.reversals, aliases=by_ref, kinds=sheets.kinds,
    ).renamed(names)  # fmt: skip
    assert isinstance(truth, PlantedTruth)
    assert len(back) == len(names)  # keys are unique within a file
    folder.mkdir(parents=True, exist_ok=True)
    for file, lines in sheets.rows.items():
        text = StringIO()
        writer = csv.DictWriter(text, COLUMNS[file], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(line.cells for line in lines)
        (folder / file).write_text(text.getvalue())
    return Books([folder / file for file in sheets.rows], truth)


def mapping_of(file: str) -> Mapping:
    """The mapping that reads a file of these books."""
    return from_toml.load(FORMATS / file.replace(".csv", ".toml"))
