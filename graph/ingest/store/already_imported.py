"""Recognises rows that the tenant has already, if no column is certainly a row's id.

Such a row may be stored under the key of an older rule, or the source may describe it differently
now. This runs after the rows were copied and before they are stored.
"""

from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.errors import LedgerError
from graph.ingest.doubts import Doubt

_OPTIONS = "Name another account with --account NAME; for the same one add --same-account"
ACCOUNTS = ("bank", "card")  # platforms whose files contain the rows of one account


class OtherAccountError(LedgerError):
    """The rows contradict what is known about the account. The message names the options that
    decide.

    `question` is the message without the options of a command.
    """

    def __init__(self, question: str, options: str) -> None:
        super().__init__(f"{question} {options}")
        self.question = question


@dataclass(frozen=True, slots=True)
class Overlap:
    """How the file's rows compare with the tenant's stored rows of the same period, as counts
    (sql/ingest/overlap_counts.sql)."""

    shared: int
    shared_elsewhere: int
    gone: int
    renamed: int
    fresh: int
    fresh_within: int
    same_file: bool
    file: str

    @property
    def contradicts(self) -> bool:
        """Return whether the file's rows contradict the stored ones, so that they are probably
        another account's.

        Two downloads of one account have most rows of a day in common that both contain.
        """
        missing = self.gone - self.renamed
        both = self.shared + self.renamed
        fresh = self.fresh_within - self.renamed
        return self.shared > 0 and self.fresh > 0 and missing > 0 and both <= missing + fresh

    @property
    def describes_otherwise(self) -> bool:
        """Return whether the file and the books probably have the same rows, but describe some
        differently.

        That is so if some rows are equal, or if at least three rows differ in their description
        only and no stored row is missing in the file.
        """
        missing = self.gone - self.renamed
        return self.shared > 0 or (self.renamed >= 3 and missing == 0)


def reconcile(
    cursor: CursorWrapper, parameters: dict[str, Any], *, is_account: bool, is_stated: bool
) -> list[Doubt]:
    """Give rows in the table `incoming` that are stored already the keys under which they are
    stored. Return the doubts.

    `is_stated` means that a column, the file or the user says whose account it is. Raises
    OtherAccountError.
    """
    cursor.execute(sql.read("ingest/reused_ids"), parameters)
    cursor.execute(sql.read("ingest/same_columns"), parameters)
    cursor.execute(sql.read("ingest/overlap"), {**parameters, "is_account": is_account})
    cursor.execute(sql.read("ingest/overlap_counts"))
    overlap = Overlap(*cursor.fetchone())
    certain = is_stated or overlap.same_file or not is_account
    if not certain and overlap.contradicts:
        raise OtherAccountError(_question(parameters["file"], overlap), _OPTIONS)
    if overlap.same_file or (is_account and is_stated) or overlap.describes_otherwise:
        cursor.execute(sql.read("ingest/renamed"))
        overlap_is_new = False
    else:
        overlap_is_new = overlap.renamed > 0
    cursor.execute("DROP TABLE overlap")
    return [] if certain and not overlap_is_new else _doubts(overlap, overlap_is_new)


def _question(file: str, overlap: Overlap) -> str:
    return (
        f"{file}: {_rows(overlap.shared)} of it {_are(overlap.shared)} known from {overlap.file} "
        f"already, but {_rows(overlap.gone - overlap.renamed)} of that file's in the same days "
        f"{_are(overlap.gone - overlap.renamed)} missing here. Is it another account's file, or a "
        f"part of the same account's rows, of which {_rows(overlap.fresh)} would be new?"
    )


def _doubts(overlap: Overlap, as_new: bool) -> list[Doubt]:
    doubts = []
    if overlap.shared_elsewhere:
        text = (
            f"{_rows(overlap.shared_elsewhere)} {_are(overlap.shared_elsewhere)} known from "
            f"{overlap.file} and {'counts' if overlap.shared_elsewhere == 1 else 'count'} once; "
            "if this file is another account's, name the account"
        )
        doubts.append(Doubt("account", text, "--account", ("NAME",), 0.8))
    if as_new:
        text = (
            f"{_rows(overlap.renamed)} {_are(overlap.renamed)} new here with a known row's date "
            f"and amount, described otherwise than in {overlap.file}: stored as another payment"
        )
        doubts.append(Doubt("account", text, "--same-account", ("",), 0.6))
    return doubts


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
