"""docker/: what the image leaves out, and its health check against a real service."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.finley.test_wheel import TOOLS
from tests.graph.api.conftest import serving

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {"FINLEY_PRODUCTION": "1", "FINLEY_SECRET_KEY": "x" * 50}


def health(address: str, hosts: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "docker" / "healthcheck.py")],
        env=os.environ | {"HEALTHCHECK_ADDRESS": address, "FINLEY_ALLOWED_HOSTS": hosts},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hosts", ["books.example.org,localhost", ".example.org", "*", ""])
def test_the_health_check_names_an_allowed_host(committed, hosts: str):
    allowed = {"FINLEY_ALLOWED_HOSTS": hosts} if hosts else {}
    with serving(**PRODUCTION, **allowed) as server:
        httpx.get(f"{server.address}/healthz", timeout=60)  # it has started
        process = health(server.address, hosts)
        assert (process.returncode, process.stderr) == (0, "")
        refused = health(server.address, "stranger.example.com")
        assert refused.returncode == (0 if hosts == "*" else 1)


def test_nobody_answers():
    process = health("http://127.0.0.1:9", "localhost")
    assert process.returncode == 1
    assert process.stderr.startswith("/healthz: ")


def test_the_tools_stay_out_of_the_image():
    ignored = {f"{line.rstrip('/')}/" for line in (ROOT / ".dockerignore").read_text().split()}
    assert {*TOOLS, "tests/", "benchmarks/"} <= ignored
