"""What finley runs on: a bill of materials, licences, known vulnerabilities, unused requirements.

    python scripts/supply_chain.py [--sbom FILE]

Ends with exit code 1 where a package of requirements.txt is not installed as pinned, has a licence
that finley may not run on, or has a known vulnerability. pip-audit and deptry run where they are
installed; what is skipped is said with its reason.
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
    """Versions by package that requirements.txt pins for this machine."""
    versions = {}
    for line in text.splitlines():
        pin = PIN.match(line)
        if pin and (not pin[3] or Marker(pin[3].strip()).evaluate()):
            versions[normal(pin[1])] = pin[2]
    return versions


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, metadata.Distribution]:
    """The packages of this environment."""
    return {normal(package.metadata["Name"]): package for package in metadata.distributions()}


def licence(package: metadata.Distribution) -> str:
    """What the package says: its expression, else its classifiers, else its text's first line."""
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
    """Whether finley may run on it."""
    return not COPYLEFT.search(text) or LESSER.search(text) is not None


def components(
    pins: dict[str, str], packages: dict[str, metadata.Distribution]
) -> Iterator[dict[str, Any]]:
    """CycloneDX components of the packages that are pinned and installed."""
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
    """A CycloneDX 1.6 bill of materials."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "finley", "bom-ref": "finley"}},
        "components": list(components(pins, packages)),
    }


def faults(pins: dict[str, str], packages: dict[str, metadata.Distribution]) -> list[str]:
    """A sentence for each package that is not as pinned, or has a forbidden licence."""
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
    """Whether a tool found nothing, and what it said; a tool that cannot run is skipped."""
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
