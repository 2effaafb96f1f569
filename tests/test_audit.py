"""The bill of materials is what is installed, and no licence forbids to run on it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import supply_chain

ROOT = Path(__file__).resolve().parents[1]


def test_the_bill_of_materials_is_what_is_installed():
    pins, packages = (
        supply_chain.pinned((ROOT / "requirements.txt").read_text()),
        supply_chain.installed(),
    )
    document = supply_chain.bill(pins, packages)
    versions = {component["name"]: component["version"] for component in document["components"]}
    assert versions == {name: packages[name].version for name in pins}
    assert len(versions) > 40
    assert all(component["licenses"][0]["license"]["name"] for component in document["components"])


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("GNU Affero General Public License v3", False),
        ("LGPL-3.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-2.0-only OR MIT", True),
    ],
)
def test_gpl_is_not_run_on(text, allowed):
    assert supply_chain.is_allowed(text) is allowed


def test_no_requirement_has_a_forbidden_licence():
    pins, packages = (
        supply_chain.pinned((ROOT / "requirements.txt").read_text()),
        supply_chain.installed(),
    )
    assert [fault for fault in supply_chain.faults(pins, packages) if "licence" in fault] == []


def test_a_package_that_is_missing_or_other_is_a_fault():
    packages = supply_chain.installed()
    pins = {"django": "0.1", "no-such-package": "1.0"}
    assert len(supply_chain.faults(pins, packages)) == 2


def test_the_script_runs_as_make_audit_does(tmp_path):
    process = subprocess.run(
        [sys.executable, "scripts/supply_chain.py", "--sbom", tmp_path / "sbom.json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "packages, licences and versions" in process.stdout, process.stderr
    assert (tmp_path / "sbom.json").stat().st_size > 1000


def test_every_test_that_the_security_tables_name_is_there():
    text = (ROOT / "docs" / "security.md").read_text()
    paths = re.findall(r"`(tests/[^`]+)`", text)
    assert len(paths) > 20
    assert [name for name in paths if not (ROOT / name).exists()] == []
