"""A progress bar of a file's bytes."""

import sys
from pathlib import Path

from tqdm import tqdm


class ProgressBar(tqdm):  # type: ignore[type-arg]
    """Shown on a terminal only."""

    def __init__(self, path: Path) -> None:
        total = path.stat().st_size if path.is_file() else None
        super().__init__(
            total=total, unit="B", unit_scale=True, desc=path.name, disable=not sys.stderr.isatty()
        )

    def update_to(self, position: int) -> None:
        """So many of the file's bytes are read."""
        self.update(position - self.n)
