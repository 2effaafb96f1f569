"""The error class of the embedded servers, and messages that several modules share."""

import errno
import os
import shutil
from pathlib import Path

NO_SPACE = ("No space left on device", "Check free disk space")
TOO_LITTLE = 1024 * 1024  # bytes of free space


class EmbeddedServerError(Exception):
    """Raised if the embedded servers cannot run. The message is one sentence for the user: what is
    wrong, where, and what to do."""


def no_space(place: Path) -> EmbeddedServerError:
    """The error to raise if the disk with the folder `place` is full."""
    return EmbeddedServerError(
        f"The disk that holds {place} is full. Free some space (a new database needs 100 MB) "
        "or name a folder on another disk in FINLEY_STATE."
    )


def is_full(place: Path, output: str) -> bool:
    """Return whether a full disk made a program fail. Its output says so, or `place` has less than
    1 MiB free."""
    if any(words in output for words in NO_SPACE):
        return True
    return place.exists() and shutil.disk_usage(place).free < TOO_LITTLE


def from_os(error: OSError, place: Path) -> EmbeddedServerError:
    """The error to raise if the operating system refuses something at `place`. It says what to
    do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return no_space(place)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return EmbeddedServerError(
            f"User {os.geteuid()} may not write to {place}. Give it to that user "
            "or name another folder in FINLEY_STATE."
        )
    return EmbeddedServerError(
        f"{place} cannot be used ({error.strerror}). Name another folder in FINLEY_STATE."
    )


def failed(server: str, code: int | None, log: Path, output: str) -> EmbeddedServerError:
    """The error to raise if a server ended or hung before it was ready.

    `code` is the exit code, or None if the server hung. `output` is what it logged since it was
    started.
    """
    if is_full(log.parent, output):
        return no_space(log.parent)
    how = "was not ready in time" if code is None else f"ended with code {code} before it was ready"
    last = " / ".join(output.strip().splitlines()[-4:]) or "nothing"
    return EmbeddedServerError(f"{server} {how}. Fix what {log} says and try again: {last}")
