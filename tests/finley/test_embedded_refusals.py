"""States, users and servers that the embedded servers refuse, each with its reason."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from finley.embedded import server_process, state_paths, unprivileged
from tests.finley.holders import (
    Start,
    all_gone,
    answers,
    cli,
    family,
    refusal,
    root_only,
    wait_until,
)


def test_a_socket_folder_that_others_can_read_is_refused(state: Path) -> None:
    sockets = state_paths.of(state).sockets
    sockets.mkdir()
    sockets.chmod(0o755)
    try:
        assert f"{sockets} must be a folder of user" in refusal(state)
    finally:
        sockets.rmdir()


def test_a_file_where_the_state_should_be(state: Path) -> None:
    state.write_text("")
    assert f"{state} is a file" in refusal(state)
    assert "Not a directory" in refusal(state / "below")


def test_a_state_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, -1)
        assert "belongs to user 65534" in refusal(tmp_path)
    else:
        assert "belongs to user 0" in refusal(Path("/usr"))
        tmp_path.chmod(0o500)
        assert f"may not write to {tmp_path}" in refusal(tmp_path)
        tmp_path.chmod(0o700)


def test_a_database_of_another_major_version_is_refused(state: Path) -> None:
    data = state / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    assert f"{data} is of PostgreSQL 16, but this is 18" in refusal(state)
    (data / "PG_VERSION").unlink()
    assert f"{data} is not a PostgreSQL data folder" in refusal(state)


def test_a_server_that_finley_did_not_start_is_left_alone(start: Start, state: Path) -> None:
    first = start()
    everything = family(first.status())
    first.signal(signal.SIGTERM)
    assert all_gone(everything)
    at = state_paths.of(state)
    home = unprivileged.choose(at)
    # pytest's socket folders are too long, and the state's own is the guardian's to make
    with tempfile.TemporaryDirectory(prefix="finley-") as sockets:
        command = [str(home.programs / "postgres"), "-D", str(home.data), "-k", sockets, "-h", ""]
        stranger = server_process.spawn(command, at.log("stranger"), home.identity)
        try:
            assert wait_until(lambda: bool(list(Path(sockets).iterdir())))
            assert f"did not start (process {stranger.pid})" in refusal(state)
            assert stranger.poll() is None
        finally:
            server_process.stop(stranger, ((signal.SIGINT, 10), (signal.SIGKILL, 5)))


def test_a_server_that_cannot_start_says_why(start: Start, state: Path) -> None:
    first = start()
    everything = family(first.status())
    first.signal(signal.SIGTERM)
    assert all_gone(everything)
    (unprivileged.choose(state_paths.of(state)).data / "pg_hba.conf").write_text("nonsense\n")
    message = refusal(state)
    assert "PostgreSQL ended with code 1 before it was ready" in message
    assert "pg_hba.conf" in message


@root_only
@pytest.mark.parametrize("megabytes", [1, 20, 30])
def test_a_full_disk(tmp_path: Path, megabytes: int) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        assert "is full. Free some space" in refusal(tmp_path / "state")
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@root_only
def test_root_without_user_namespaces(start: Start, state: Path) -> None:
    home = Path("/var/tmp") / f"finley-{state_paths.of(state).digest}"
    denied = {"FINLEY_EMBEDDED_NO_USERNS": "1"}
    try:
        first = start(**denied)
        status = first.status()
        everything = family(status)
        assert answers(status)
        assert Path(f"/proc/{status['postgres']}").stat().st_uid == (home / "run").stat().st_uid
        assert "PostgreSQL runs as user" in (state / "supervisor.log").read_text()
        first.signal(signal.SIGKILL)
        assert all_gone(everything)
        assert answers(start().status())  # a state that began so stays so
        os.kill(cli(state, "status")[1]["guardian"], signal.SIGKILL)
        assert all_gone(everything)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@root_only
def test_data_of_a_user_namespace_is_not_hidden_when_namespaces_are_denied(
    start: Start, state: Path
) -> None:
    first = start()
    everything = family(first.status())
    first.signal(signal.SIGKILL)
    assert all_gone(everything)
    if (state / "postgres").exists():
        assert "was created in a user namespace" in refusal(state, FINLEY_EMBEDDED_NO_USERNS="1")
