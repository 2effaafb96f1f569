"""One clear sentence, and an exit code, where the servers cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "REDIS_"))}
    return subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        env={**plain, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("environment", [{}, {"FINLEY_SECRET_KEY": "x" * 50}])
def test_a_file_where_the_state_folder_should_be(tmp_path: Path, environment: dict[str, str]):
    place = tmp_path / "state"
    place.touch()
    process = run("migrate", FINLEY_STATE=str(place), **environment)
    assert process.returncode == 1
    assert str(place) in process.stderr
    assert "FINLEY_STATE" in process.stderr
    assert len(process.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"FINLEY_PRODUCTION": "1"}, "needs FINLEY_SECRET_KEY"),
        ({"FINLEY_DEBUG": "perhaps"}, "FINLEY_DEBUG='perhaps' must be 1 or 0"),
        ({"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE='many' must be a whole number"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "must begin with postgresql://"),
        ({"DATABASE_OWNER_URL": "postgresql://localhost/x"}, "Set both or neither"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, environment: dict[str, str], words: str):
    process = run("check", FINLEY_STATE=str(tmp_path), **environment)
    assert process.returncode != 0
    assert words in process.stderr


def test_the_secret_key_is_made_once_and_private(tmp_path: Path):
    show = "from django.conf import settings; print(settings.SECRET_KEY)"
    first, second = (
        run("shell", "--no-imports", "-c", show, FINLEY_STATE=str(tmp_path)) for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert len(first.stdout.strip()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
