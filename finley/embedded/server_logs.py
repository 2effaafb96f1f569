"""Server logs: limited in size, and read when something fails."""

from pathlib import Path

LARGE = 8 * 1024 * 1024


def begin(log: Path) -> int:
    """Rename a log of over 8 MiB to `.old`; return the log's size in bytes."""
    size = log.stat().st_size if log.exists() else 0
    if size > LARGE:
        log.replace(log.with_suffix(".old"))
        return 0
    return size


def since(log: Path, offset: int) -> str:
    """The text after `offset` bytes, or "" if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
