"""scripts/bootstrap.sh: which Python it picks, and what it makes, in a small project of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bootstrap.sh"
PYTHON = str(getattr(sys, "_base_executable", sys.executable))
TOOLS = ("cat", "cksum", "dirname", "grep", "ls", "mv", "rm", "sed", "sh")
ELSEWHERE = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/python*/bin")

FAILS = "#!/bin/sh\necho 'python: command not found in this version' >&2\nexit 127\n"
WORKS = f'#!/bin/sh\nexec "{PYTHON}" "$@"\n'
# The real Python with something about it changed before the question is put to it.
CHANGED = f'#!/bin/sh\nexec "{PYTHON}" -c "import sys; %s\n$2"\n'
OLD = CHANGED % "sys.version_info = (3, 11, 9, 'final', 0)"
BARE = CHANGED % "sys.modules['ensurepip'] = None"

# A package that is built without setuptools, so that the test needs no network.
BACKEND = """
import zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return name
def build_wheel(*args, **kwargs):
    return build_editable(*args)
"""  # noqa: E501
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with no Python in its PATH."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        result = shutil.which(name)
        assert result
        (tools / name).symlink_to(result)
    return {"PATH": str(tools), "HOME": str(tmp_path), "PIP_NO_INDEX": "1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, folder / "scripts")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text("")
    return folder


def install(machine: dict[str, str], name: str, script: str) -> Path:
    """A Python of that name and behaviour, first in the machine's PATH."""
    path = Path(machine["PATH"]) / name
    path.write_text(script)
    path.chmod(0o755)
    return path


def begin(project: Path, machine: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["/bin/sh", str(project / "scripts" / "bootstrap.sh"), *arguments],
        env=machine,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path, machine: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    with begin(project, machine, *arguments) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out.strip(), err.strip()


def test_names_prove_nothing(project: Path, machine: dict[str, str]) -> None:
    install(machine, "python3.14", OLD)
    install(machine, "python3.13", FAILS)
    install(machine, "python3", BARE)
    install(machine, "python", WORKS)
    assert run(project, machine, "--find") == (0, PYTHON, "")


def test_a_named_python_comes_first(project: Path, machine: dict[str, str]) -> None:
    install(machine, "python3.13", FAILS)
    machine["FINLEY_PYTHON"] = str(install(machine, "my python", WORKS))
    assert run(project, machine, "--find") == (0, PYTHON, "")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (OLD, "is Python 3.11.9"),
        (FAILS, "does not run"),
        (BARE, "without venv and ensurepip (Debian, Ubuntu: apt install python3."),
    ],
)
def test_a_named_python_that_will_not_do_is_not_passed_over(
    project: Path, machine: dict[str, str], script: str, why: str
) -> None:
    install(machine, "python3", WORKS)
    machine["FINLEY_PYTHON"] = str(install(machine, "mine", script))
    code, out, err = run(project, machine)
    assert (code, out) == (1, "")
    assert why in err
    assert not (project / ".venv").exists()


def test_a_version_manager_below_home_is_found(project: Path, machine: dict[str, str]) -> None:
    folder = Path(machine["HOME"]) / ".pyenv" / "versions" / "3.13.0" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3").write_text(WORKS)
    (folder / "python3").chmod(0o755)
    install(machine, "python3", FAILS)
    assert run(project, machine, "--find") == (0, PYTHON, "")


def test_it_says_what_it_tried_and_what_to_install(project: Path, machine: dict[str, str]) -> None:
    for place in ELSEWHERE:
        if list(Path("/").glob(f"{place[1:]}/python3.1[2-9]")):
            pytest.skip(f"a Python in {place} is found whatever PATH says")
    install(machine, "python3", OLD)
    install(machine, "python3.13", FAILS)
    code, out, err = run(project, machine)
    assert (code, out) == (1, "")
    assert "finley needs Python 3.12 or newer with venv, and found none" in err
    assert "python3 is Python 3.11.9" in err
    assert "python3.13 does not run" in err
    assert "apt install python3 python3-venv" in err


def test_making_and_mending_an_environment(project: Path, machine: dict[str, str]) -> None:
    install(machine, "python3.13", WORKS)
    stamp, python = project / ".venv" / "finley-stamp", project / ".venv" / "bin" / "python"

    two = [begin(project, machine), begin(project, machine)]
    output = [process.communicate(timeout=120)[1] for process in two]
    assert [process.returncode for process in two] == [0, 0], output
    assert "".join(output).count("Installing") == 1
    assert run(project, machine) == (0, "", ""), "the second time there is nothing to do"

    python.unlink()
    python.symlink_to("/nowhere/python")
    assert run(project, machine) == (0, "", "Installing requirements.txt into .venv")
    assert run(project, machine, "--dev")[2] == "Installing requirements-dev.txt into .venv"
    assert run(project, machine) == (0, "", ""), "the larger environment serves for the smaller"

    (project / "requirements.txt").write_text(f"missing==1 --hash=sha256:{'0' * 64}\n")
    code, _, err = run(project, machine)
    assert code == 1
    assert "Installing failed" in err
    assert not stamp.exists()


def test_something_else_called_venv_is_not_removed(project: Path, machine: dict[str, str]) -> None:
    install(machine, "python3.13", WORKS)
    (project / ".venv").mkdir()
    (project / ".venv" / "letters.txt").write_text("keep")
    code, _, err = run(project, machine)
    assert code == 1
    assert "is no virtual environment: move it away" in err
    assert (project / ".venv" / "letters.txt").exists()


def test_help(project: Path, machine: dict[str, str]) -> None:
    assert "--dev" in run(project, machine, "--help")[1]
    assert run(project, machine, "--nonsense")[0] == 2
    assert os.access(SCRIPT, os.X_OK)
