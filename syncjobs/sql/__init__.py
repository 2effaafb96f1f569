"""SQL longer than a few lines, one file per statement. `read` returns a file's text."""

from functools import cache
from importlib.resources import files


@cache
def read(name: str) -> str:
    """The text of `syncjobs/sql/<name>.sql`."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
