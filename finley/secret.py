"""The secret key of a development machine, created once in the state folder."""

import secrets
from pathlib import Path

from finley.embedded.errors import from_os


def kept_in(state: Path) -> str:
    """The key in `state/secret_key`, created at the first call, readable by its owner only.

    Two processes that start at the same time get the same key, because only one can create the
    file. Raises EmbeddedServerError if the state folder cannot be used.
    """
    path = state / "secret_key"
    try:
        if not path.exists():
            _make(path)
        return path.read_text()
    except OSError as error:
        raise from_os(error, state) from error


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"secret_key.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50))
    try:
        path.hardlink_to(draft)  # atomic; fails if another process was faster
    except FileExistsError:
        pass
    finally:
        draft.unlink()
