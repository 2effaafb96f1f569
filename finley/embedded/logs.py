"""Server logs: kept small, and read back when something fails."""

from pathlib import Path

LARGE = 8 * 1024 * 1024


def begin(log: Path) -> int:
    """Set a log of over 8 MiB aside as `.old`; returns its size in bytes now."""
    size = log.stat().st_size if log.exists() else 0
    if size > LARGE:
        log.replace(log.with_suffix(".old"))
        return 0
    return size


def since(log: Path, offset: int) -> str:
    """What was written after `offset` bytes; "" when there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
