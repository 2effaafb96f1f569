"""A private folder for files that a reader creates; it is deleted when nothing refers to it any
more."""

import re
import shutil
import tempfile
import weakref
from pathlib import Path

_ENDINGS = re.compile(r"(?:\.(?:gz|zst))?$", re.IGNORECASE)


class Scratch:
    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="finley-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def named(self, file: str, ledger: Path) -> Path:
        """Rename a file of this folder to the ledger's name with the ending .csv, and return its
        path.

        Code that guesses by a file's name then sees the ledger's name.
        """
        stem = Path(_ENDINGS.sub("", ledger.name)).stem or "table"
        folder = self.path / f"{file}.d"
        folder.mkdir()
        target = folder / f"{stem}.csv"
        (self.path / file).rename(target)
        return target
