"""The one error of the embedded servers, and the sentences that several files share."""

import errno
import os
import shutil
from pathlib import Path

NO_SPACE = ("No space left on device", "Check free disk space")
TOO_LITTLE = 1024 * 1024


class EmbeddedServerError(Exception):
    """One sentence for the person at the terminal: what is wrong, where, and what to do."""


def no_space(place: Path) -> EmbeddedServerError:
    """The disk that holds `place` is full."""
    return EmbeddedServerError(
        f"The disk that holds {place} is full: free some space (a new database needs 100 MB) "
        "or name a folder on another disk in FINLEY_STATE."
    )


def is_full(place: Path, said: str) -> bool:
    """Whether a program failed for want of room: it `said` so, or `place` has under 1 MiB left."""
    if any(words in said for words in NO_SPACE):
        return True
    return place.exists() and shutil.disk_usage(place).free < TOO_LITTLE


def from_os(error: OSError, place: Path) -> EmbeddedServerError:
    """Explain a refusal of the operating system at `place`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return no_space(place)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return EmbeddedServerError(
            f"User {os.geteuid()} may not write to {place}: give it to that user "
            "or name another folder in FINLEY_STATE."
        )
    return EmbeddedServerError(
        f"{place} cannot be used ({error.strerror}): name another folder in FINLEY_STATE."
    )


def failed(server: str, code: int | None, log: Path, said: str) -> EmbeddedServerError:
    """A server that ended or hung before it was ready; `said` is what its log gained meanwhile."""
    if is_full(log.parent, said):
        return no_space(log.parent)
    how = "was not ready in time" if code is None else f"ended with code {code} before it was ready"
    last = " / ".join(said.strip().splitlines()[-4:]) or "nothing"
    return EmbeddedServerError(f"{server} {how}; mend what {log} says and try again: {last}")
