"""TypeScript types generated from the schema hold for the calls that pages make."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[3]
NODE = ROOT / "build" / "assets" / "node_modules"
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
CHECKED = (
    "--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--skipLibCheck",
    "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable",
)  # fmt: skip


def run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["node", *command], cwd=cwd, env={**os.environ, "PATH": PATH}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(
    not ((NODE / "openapi-typescript").is_dir() and shutil.which("node", path=PATH)),
    reason="openapi-typescript is not here: make assets fetches it from npm",
)
def test_a_typescript_client_is_typed_by_the_schema(tmp_path: Path):
    call_command("spectacular", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    generator = NODE / "openapi-typescript" / "bin" / "cli.js"
    done = run(str(generator), "schema.yaml", "--output", "schema.d.ts", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    compiler = str(NODE / "typescript" / "bin" / "tsc")
    shutil.copy(Path(__file__).with_name("calls.ts"), tmp_path)
    done = run(compiler, *CHECKED, "calls.ts", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    calls = tmp_path / "calls.ts"
    calls.write_text(calls.read_text().replace("hop.id,", "hop.relationship_id,"))
    done = run(compiler, *CHECKED, "calls.ts", cwd=tmp_path)
    assert "Property 'relationship_id' does not exist" in done.stdout
