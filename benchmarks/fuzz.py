"""Tests the running service with requests that its API schema allows, and some that it does not,
which Schemathesis generates.

The service runs on servers of its own, with the demo's enriched books, one server process and a
sandbox of Nango. The token is that of staff, so every operation is reached. No response may be a
server error, differ from the schema, or have a status that the schema does not name.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks import isolated_servers
from benchmarks.serving import served

EMAIL = "demo@finley.example"
KEY = "webhook signing key"
ENVIRONMENT = {
    "FINLEY_REQUESTS_PER_MINUTE": "0",
    "FINLEY_LOG_LEVEL": "ERROR",
    "NANGO_WEBHOOK_KEY": KEY,
}
STAFF = (
    "from finley.models import User; "
    f"User.objects.using('owner').filter(email='{EMAIL}').update(is_staff=True, is_superuser=True)"
)


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.fuzz", ENVIRONMENT))
    isolated_servers.stoppable()
    token = _books()
    with isolated_servers.sandbox({}) as box, served(_of(box)) as server:
        process = _fuzzed(server.address, token, options.examples)
    figures = {**_counted(process.stdout), "exit_code": process.returncode}
    print(process.stdout, file=sys.stderr)
    print(json.dumps(figures) if options.json else _report(figures))
    sys.exit(process.returncode)


def _of(box: dict[str, str]) -> dict[str, str]:
    return {"NANGO_HOST": box["url"], "NANGO_SECRET_KEY": box["secret_key"]}


def _books() -> str:
    """Create the demo's books with their layers. Return a token for them with every scope."""
    _manage("demo", "--no-serve")
    _manage("enrich", "--user", EMAIL)
    _manage("refresh_enriched_view")
    _manage("shell", "-c", STAFF)
    return _manage("tokens", "make", "--user", EMAIL, "--scopes=read,sync,admin").strip()


def _manage(*arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    process = subprocess.run(
        command, cwd=isolated_servers.PROJECT, capture_output=True, text=True, check=False
    )
    if process.returncode:
        sys.exit(f"manage.py {' '.join(arguments)}:\n{process.stdout}{process.stderr}")
    return process.stdout


def _fuzzed(address: str, token: str, examples: int) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("schemathesis")
    command = [
        *(str(program), "run", f"{address}/api/schema/?format=json"),
        *("-H", f"Authorization: Bearer {token}", "-n", str(examples)),
        *("--continue-on-failure", "--suppress-health-check", "all", "--no-color"),
        # A value of the right type may still be refused for its meaning, such as an unknown id.
        *("--exclude-checks", "positive_data_acceptance"),
    ]
    return subprocess.run(
        command, cwd=isolated_servers.PROJECT, capture_output=True, text=True, check=False
    )


def _counted(output: str) -> dict[str, int]:
    """The counts in Schemathesis' output: operations, cases, and failures of each kind. A kind that
    the output does not name has 0."""
    return {
        "operations": _number(r"Tested: (\d+)", output),
        "cases": _number(r"([\d,]+) generated", output),
        "server_errors": _number(r"Server error: (\d+)", output),
        "schema_breaks": _number(r"Response violates schema: (\d+)", output),
        "undocumented_statuses": _number(r"Undocumented HTTP status code: (\d+)", output),
        "other_failures": _number(r"found (\d+) unique failures", output),
    }


def _number(pattern: str, output: str) -> int:
    match = re.search(pattern, output)
    return int(match[1].replace(",", "")) if match else 0


def _report(figures: dict[str, int]) -> str:
    return "\n".join(f"{name.replace('_', ' '):24}{value:>8,}" for name, value in figures.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=700, help="of each operation (700)")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
