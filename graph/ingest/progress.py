"""A progress bar for a file's bytes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm

if TYPE_CHECKING:  # tqdm is generic in its stubs only
    Bar = tqdm[NoReturn]
else:
    Bar = tqdm


class ProgressBar(Bar):
    """A progress bar that is shown on a terminal only."""

    def __init__(self, path: Path) -> None:
        total = path.stat().st_size if path.is_file() else None
        super().__init__(
            total=total, unit="B", unit_scale=True, desc=path.name, disable=not sys.stderr.isatty()
        )

    def update_to(self, position: int) -> None:
        """Set the number of bytes of the file that have been read."""
        self.update(position - self.n)
