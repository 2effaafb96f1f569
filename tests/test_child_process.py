"""Children that fork must not hide what a fresh process would show."""

import os

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
