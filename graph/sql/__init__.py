"""SQL longer than a few lines, one file each; `read` gives a file's text."""

from functools import cache
from importlib.resources import files


@cache
def read(name: str) -> str:
    """Return the text of the file `graph/sql/<name>.sql`. The file is read once."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
