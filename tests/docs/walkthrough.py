"""Follows a how-to page step by step, in a copy of the project.

The sentence before a code block says where the code goes. It is written for readers, and this
module parses it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("finley", "graph", "syncjobs")
BLOCK = re.compile(r"([^\n]+(?:\n[^\n]+)*)\n\n```(\w+)\n(.*?)```", re.DOTALL)
NEW_FILE = re.compile(r"new file, `([^`]+)`:$")
AT_THE_END_OF_A_NAME = re.compile(r"In `([^`]+)`, at the end of `(\w+)`:$")
AT_THE_END_OF_A_CLASS = re.compile(r"In `([^`]+)`, at the end of the class `(\w+)`:$")
IMPORTS = re.compile(r"With the imports of `([^`]+)`:$")
AT_THE_END = re.compile(r"At the end of `([^`]+)`:$")
SHOWN = ("text",)  # blocks for the eye


@dataclass(frozen=True)
class Step:
    """A code block: its language, its text, and the sentence before it in one line."""

    before: str
    language: str
    code: str


@dataclass(frozen=True)
class Project:
    """A copy of the project with a state folder of its own."""

    folder: Path
    state: Path

    def run(self, command: str, **environment: str) -> str:
        """Run a shell command in the copy and return its output. Raises AssertionError if it
        fails."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "REDIS_"))}
        process = subprocess.run(
            ["bash", "-ec", command.replace(".venv/bin/python", sys.executable)],
            env={**plain, "FINLEY_STATE": str(self.state), **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
        return process.stdout

    def follow(self, page: Path) -> None:
        """Do every step of the page: run its commands, and put its code where the sentences say."""
        for step in steps(page.read_text()):
            if step.language == "sh":
                self.run(step.code)
            elif step.language not in SHOWN:
                self._write(step)

    def _write(self, step: Step) -> None:
        if match := NEW_FILE.search(step.before):
            path = self.folder / match[1]
            assert not path.exists(), f"{path} is no new file"
            path.write_text(step.code)
        elif match := AT_THE_END_OF_A_NAME.search(step.before):
            self._change(match[1], lambda text: _inside(text, match[2], step.code))
        elif match := AT_THE_END_OF_A_CLASS.search(step.before):
            self._change(match[1], lambda text: _in_class(text, match[2], step.code))
        elif match := IMPORTS.search(step.before):
            self._change(match[1], lambda text: _imported(text, step.code))
        elif match := AT_THE_END.search(step.before):
            self._change(match[1], lambda text: f"{text}\n\n{step.code}")
        else:
            raise AssertionError(f"Where does this block go? {step.before!r}")

    def _change(self, pattern: str, changed) -> None:
        (path,) = self.folder.glob(pattern)
        path.write_text(changed(path.read_text()))


def copy_of_the_project(folder: Path, state: Path) -> Project:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name)  # with the compiled modules
    shutil.copy(ROOT / "manage.py", folder)
    return Project(folder, state)


def steps(page: str) -> Iterator[Step]:
    for before, language, code in BLOCK.findall(page):
        yield Step(" ".join(before.split()), language, code)


def _inside(text: str, name: str, code: str) -> str:
    """The text with the code inserted before the bracket that closes the value of `name`."""
    lines = text.splitlines(keepends=True)
    (start,) = (i for i, line in enumerate(lines) if re.match(rf"\s*{name}\b.*[\[({{]$", line))
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    end = next(i for i in range(start + 1, len(lines)) if lines[i].rstrip() in
               {indent + bracket for bracket in ("]", ")", "}")})  # fmt: skip
    return "".join([*lines[:end], code, *lines[end:]])


def _in_class(text: str, name: str, code: str) -> str:
    """The text with the code inserted after the last line of the class `name`."""
    (match,) = re.finditer(rf"^class {name}\b.*\n(?:(?: .*)?\n)*?(?=\n*\S|\Z)", text, re.MULTILINE)
    body = match[0].rstrip("\n") + "\n"
    return text[: match.start()] + body + code + text[match.start() + len(body) :]


def _imported(text: str, code: str) -> str:
    """The text with the import inserted before its first import."""
    first = re.search(r"^(import|from) ", text, re.MULTILINE)
    assert first, "no imports"
    return text[: first.start()] + code + text[first.start() :]
