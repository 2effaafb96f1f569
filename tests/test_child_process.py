"""Children that fork must not hide what a fresh process would show."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import child_process


@pytest.mark.parametrize(
    ("variables", "expression", "shown"),
    [
        ({"PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}, "sys.flags.utf8_mode", "1"),
        ({"PYTHONWARNINGS": "error::UserWarning", "PYTHONDEVMODE": "1"}, "sys.warnoptions[-1]",
         "error::UserWarning"),
    ],
)  # fmt: skip
def test_a_variable_that_python_reads_as_it_starts_has_effect(
    tmp_path, variables, expression, shown
):
    script = tmp_path / "script.py"
    script.write_text(f"import sys; print({expression}, 'numpy' in sys.modules)")
    environment = {**os.environ, **variables}
    assert child_process.run(script, env=environment).stdout == f"{shown} False\n"


def test_other_variables_do_not_keep_from_forking(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os, sys; print(os.environ['MARK'], 'numpy' in sys.modules)")
    environment = {**os.environ, "MARK": "set", "PYTHONUNBUFFERED": "1"}
    assert child_process.run(script, env=environment).stdout == "set True\n"


def test_every_file_that_is_handed_to_a_fork_is_open_in_it(tmp_path):
    """Among their numbers is the fork server's own: it is the first that is free here."""
    script = tmp_path / "script.py"
    script.write_text("import os, sys; print([os.fstat(int(n)).st_ino for n in sys.argv[1:]])")
    child_process.run(script)  # starts the fork server
    with ExitStack() as stack:
        files = [stack.enter_context(open(os.devnull)) for _ in range(40)]  # noqa: PTH123
        numbers = [file.fileno() for file in files]
        result = child_process.run(script, *numbers, pass_fds=numbers)
    assert result.stderr == ""
    assert result.stdout == f"{[Path(os.devnull).stat().st_ino] * 40}\n"
