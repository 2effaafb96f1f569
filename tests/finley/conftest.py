import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from finley.embedded import state_paths
from tests.finley.holders import Command, Start, unguarded, wait_until


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder. After the test none of its servers may run."""
    folder = tmp_path / "state"
    yield folder
    at = state_paths.of(folder)
    assert wait_until(lambda: unguarded(at.supervisor_lock))
    shutil.rmtree(at.sockets, ignore_errors=True)  # a killed guardian's


@pytest.fixture
def start(state: Path) -> Iterator[Start]:
    commands: list[Command] = []

    def begin(code: str | None = None, **env: str) -> Command:
        commands.append(Command(state, code, **env))
        return commands[-1]

    yield begin
    for command in commands:
        command.close()
