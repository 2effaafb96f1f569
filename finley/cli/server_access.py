"""Which server the command line talks to, and with which token.

The environment's FINLEY_SERVER and FINLEY_TOKEN come first, then the file `finley/config.toml` in
`$XDG_CONFIG_HOME` or `~/.config`, which nobody else may read.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = ("server", "token")
HINT = "Set FINLEY_SERVER and FINLEY_TOKEN, or run: finley configure --server ADDRESS"


class NoAccess(Exception):
    """The server or the token is not known, or the file must not be used. The message says why."""


@dataclass(frozen=True, slots=True)
class Access:
    """A server's address and the token for it."""

    server: str
    token: str


def read(environment: Mapping[str, str]) -> Access:
    """Return the access that the environment and the file name. Raises NoAccess."""
    stated = {name: environment.get(f"FINLEY_{name.upper()}", "").strip() for name in NAMES}
    missing = [name for name in NAMES if not stated[name]]
    if missing:
        of_file = _of_file(config_file(environment))
        stated |= {name: of_file.get(name, "") for name in missing}
    for name in NAMES:
        if not stated[name]:
            raise NoAccess(f"No {name} is known. {HINT}")
    if not stated["server"].startswith(("https://", "http://")):
        raise NoAccess(f"The server must begin with https:// or http://, not: {stated['server']}")
    return Access(**stated)


def write(environment: Mapping[str, str], access: Access) -> Path:
    """Write the file, readable by its owner alone. Return its path."""
    path = config_file(environment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        for name in NAMES:  # a JSON string is a TOML string
            file.write(f"{name} = {json.dumps(getattr(access, name))}\n")
    new.replace(path)
    return path


def config_file(environment: Mapping[str, str]) -> Path:
    """Return the file's path, whether it exists or not."""
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")) / ".config"
    return Path(home).expanduser() / "finley" / "config.toml"


def _of_file(path: Path) -> dict[str, str]:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise NoAccess(f"{path} cannot be read: {error}") from error
    if os.name == "posix" and mode & 0o077:
        raise NoAccess(f"{path} holds a token, and others may read it. Run: chmod 600 {path}")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoAccess(f"{path} is not TOML: {error}") from error
    return {name: str(values.get(name, "")).strip() for name in NAMES}
