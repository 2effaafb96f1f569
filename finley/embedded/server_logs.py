"""Server logs: limited in size, and read when something fails."""

from pathlib import Path

LARGE = 8 * 1024 * 1024  # bytes


def begin(log: Path) -> int:
    """Return the log's size in bytes, from which `since` can read later. A log of over 8 MiB is
    renamed to `.old` first; the size is then 0."""
    size = log.stat().st_size if log.exists() else 0
    if size > LARGE:
        log.replace(log.with_suffix(".old"))
        return 0
    return size


def since(log: Path, offset: int) -> str:
    """The log's text after the first `offset` bytes; "" if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
