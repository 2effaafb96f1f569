"""What finley runs on: a bill of materials, licences, known vulnerabilities, unused requirements.

    python scripts/supply_chain.py [--sbom FILE]

Ends with exit code 1 if a package of requirements.txt is not installed as pinned, has a licence
that finley may not use, or has a known vulnerability. pip-audit and deptry run if they are
installed. For each check that is skipped, the output names the reason.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+))?")
# GPL and AGPL; LGPL and "GPL or another licence" are allowed at run time.
COPYLEFT = re.compile(r"(?<![A-Z])A?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)
LESSER = re.compile(r"LGPL|Lesser| OR |[Ee]xception")
UNREACHABLE = re.compile(r"ConnectionError|Max retries|NameResolution|timed out|ProxyError")


def pinned(text: str) -> dict[str, str]:
    """The versions that the text of requirements.txt pins for this machine: package → version."""
    versions = {}
    for line in text.splitlines():
        pin = PIN.match(line)
        if pin and (not pin[3] or Marker(pin[3].strip()).evaluate()):
            versions[normal(pin[1])] = pin[2]
    return versions


def normal(name: str) -> str:
    """A package's name in the form of PEP 503, in which equal names compare as equal."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, metadata.Distribution]:
    """The packages of this environment: name in the form of PEP 503 → distribution."""
    return {normal(package.metadata["Name"]): package for package in metadata.distributions()}


def licence(package: metadata.Distribution) -> str:
    """The licence that the package states: its licence expression, else its classifiers joined by
    OR, else the first line of its field License. "unknown" if it states none."""
    fields: Any = package.metadata
    if expression := fields.get("License-Expression"):
        return str(expression)
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in fields.get_all("Classifier") or []
        if classifier.startswith("License :: ") and not classifier.endswith("OSI Approved")
    ]
    first = str(fields.get("License") or "").strip().partition("\n")[0]
    return " OR ".join(classifiers) or first[:100] or "unknown"


def is_allowed(text: str) -> bool:
    """Return whether finley may use a package with this licence text at run time. A copyleft
    licence is allowed only if it is the Lesser GPL, one of several to choose from (OR), or has an
    exception."""
    return not COPYLEFT.search(text) or LESSER.search(text) is not None


def components(
    pins: dict[str, str], packages: dict[str, metadata.Distribution]
) -> Iterator[dict[str, Any]]:
    """Yield a CycloneDX component for each package that is both pinned and installed."""
    for name in sorted(pins.keys() & packages.keys()):
        version = packages[name].version
        yield {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "licenses": [{"license": {"name": licence(packages[name])}}],
        }


def bill(pins: dict[str, str], packages: dict[str, metadata.Distribution]) -> dict[str, Any]:
    """Make a bill of materials in CycloneDX 1.6 of the packages that are both pinned and
    installed."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "finley", "bom-ref": "finley"}},
        "components": list(components(pins, packages)),
    }


def faults(pins: dict[str, str], packages: dict[str, metadata.Distribution]) -> list[str]:
    """A sentence for each pinned package that is not installed in its pinned version, or has a
    forbidden licence."""
    wrong = []
    for name, version in sorted(pins.items()):
        if name not in packages:
            wrong.append(f"{name} {version} is pinned and not installed")
        elif packages[name].version != version:
            wrong.append(
                f"{name} is pinned at {version}, and {packages[name].version} is installed"
            )
        elif not is_allowed(text := licence(packages[name])):
            wrong.append(f"{name} has the licence {text}")
    return wrong


def run(tool: str, *arguments: str) -> tuple[bool, str]:
    """Run a tool. Return whether it found nothing, and its output. A tool that cannot run counts as
    having found nothing; the text says so."""
    path = shutil.which(tool) or shutil.which(str(Path(sys.executable).with_name(tool)))
    if path is None:
        return True, f"{tool} is skipped: it is not installed."
    process = subprocess.run(
        [path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    output = (process.stdout + process.stderr).strip()
    if process.returncode and UNREACHABLE.search(output):
        return True, f"{tool} is skipped: its advisory service cannot be reached."
    return process.returncode == 0, f"{tool}: {output[-2000:] or 'nothing found'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, help="write the bill of materials (CycloneDX JSON)")
    options = parser.parse_args()
    pins, packages = pinned((ROOT / "requirements.txt").read_text()), installed()
    wrong = faults(pins, packages)
    document = bill(pins, packages)
    if options.sbom:
        options.sbom.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{len(document['components'])} packages, licences and versions: {len(wrong)} faults")
    for sentence in wrong:
        print(f"  {sentence}")
    results = [
        run("pip-audit", "-r", "requirements.txt", "--disable-pip", "--require-hashes"),
        run("deptry", "."),
    ]
    for _, output in results:
        print(output)
    return 0 if not wrong and all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
