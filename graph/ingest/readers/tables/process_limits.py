"""The limits and the output of a process that opens untrusted files."""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

MEMORY = 3 * 1024**3  # bytes of address space
SECONDS = 300  # seconds of processor time
CELLS = 50_000_000  # cells of one table
Tables = list[dict[str, object]]


def answer(convert: Callable[[str, Path], Tables], refusals: dict[type[Exception], str]) -> int:
    """Convert the file that the command line names, within the limits of the process, and print the
    tables as JSON. Return the exit code.

    `refusals` has the sentence to print for each type of error that `convert` may raise.
    """
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        _limit(kind, most)
    _limit(resource.RLIMIT_CORE, 0)
    file, folder = sys.argv[1:]
    try:
        result: object = convert(file, Path(folder))
    except tuple(refusals) as error:
        sentence = next(sentence for kind, sentence in refusals.items() if isinstance(error, kind))
        result = {"error": sentence.format(" ".join(str(error).split())[:200])}
    sys.stdout.write(json.dumps(result))
    return 0


def _limit(kind: int, most: int) -> None:
    """Set a resource limit of this process to `most`, or to the caller's own limit if that is
    less."""
    _, hard = resource.getrlimit(kind)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (least, least))
