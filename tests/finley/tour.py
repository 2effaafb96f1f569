"""Runs the commands of docs/tour.md in one shell, and compares what each one prints.

`TOUR=write pytest tests/finley/test_demo.py -k tour` writes the outputs into the page.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tour.md"
MARK = "\x1e"  # ends a command's output
VARIES = (
    (re.compile(r"\b\d+-[0-9a-f]{32}-[0-9a-f]{4,16}\b"), "…"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r'"next":"[^"]+"'), '"next":"…"'),
    (re.compile(r'"request_id":"[0-9a-f]+'), '"request_id":"…'),
)


def commands(page: str) -> list[str]:
    """The page's commands in order."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return re.findall(r"^\$ (.*)$", "\n".join(blocks), re.MULTILINE)


def run(page: str, environment: dict[str, str], port: str) -> list[str]:
    """The output of each command, run one after another in one shell."""
    script = "".join(f"{command}\nprintf '{MARK}'\n" for command in commands(page))
    script = script.replace(".venv/bin/python", sys.executable).replace(":8000", f":{port}")
    process = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stderr == ""
    return process.stdout.split(MARK)[:-1]


def filled(page: str, outputs: list[str]) -> str:
    """The page with `outputs` below its commands, in the same order, in place of the old
    outputs."""
    remaining = iter(outputs)

    def below(block: re.Match[str]) -> str:
        lines = [line for line in block[1].splitlines() if line.startswith("$ ")]
        report = (f"{line}\n{_lines(next(remaining))}" for line in lines)
        return f"```console\n{''.join(report)}```"

    return re.sub(r"```console\n(.*?)```", below, page, flags=re.DOTALL)


def _lines(output: str) -> str:
    return output if not output or output.endswith("\n") else f"{output}\n"


def alike(page: str) -> str:
    """The page without the parts that differ from run to run, so that two outputs can be
    compared."""
    for pattern, instead in VARIES:
        page = pattern.sub(instead, page)
    return page
