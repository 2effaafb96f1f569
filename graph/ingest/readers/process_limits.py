"""What a process that opens strangers' files may use, and how it answers."""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

MEMORY = 3 * 1024**3  # bytes of address space
SECONDS = 300  # of processor time
CELLS = 50_000_000  # of one table
Tables = list[dict[str, object]]


def answer(convert: Callable[[str, Path], Tables], refusals: dict[type[Exception], str]) -> int:
    """Convert the file that the command line names, within the limits, and print the tables.

    `refusals`: what is said of a file for which `convert` raises such an error.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    file, folder = sys.argv[1:]
    try:
        result: object = convert(file, Path(folder))
    except tuple(refusals) as error:
        said = next(said for kind, said in refusals.items() if isinstance(error, kind))
        result = {"error": said.format(" ".join(str(error).split())[:200])}
    sys.stdout.write(json.dumps(result))
    return 0
