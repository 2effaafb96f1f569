"""The secret key of a development machine: made once, kept beside the embedded servers."""

import secrets
from pathlib import Path

from finley.embedded.errors import from_os


def kept_in(state: Path) -> str:
    """The key in `state/secret_key`, made at the first call, readable by its owner only.

    Raises EmbeddedServerError where the state folder cannot be used.
    Two processes that start at once end up with the same key: only one can create the file.
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
        path.hardlink_to(draft)  # fails where another process was first, and never half-written
    except FileExistsError:
        pass
    finally:
        draft.unlink()
