"""The locked development environment is that of pyproject.toml; an audit that asked nobody says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "packaging/requirements-dev.lock"


def pinned() -> dict[str, list[Version]]:
    """Versions by name: more than one where they differ by Python or platform."""
    found: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", LOCK.read_text(), re.M):
        found.setdefault(name, []).append(Version(version))
    return found


def required() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *extras["dev"], *extras["fast"], *extras["site"]]
    return [one for one in map(Requirement, texts) if one.name != project["name"]]


@pytest.mark.parametrize("requirement", required(), ids=str)
def test_every_requirement_is_pinned_to_a_version_that_it_allows(requirement: Requirement) -> None:
    versions = pinned()[requirement.name.lower()]
    assert all(version in requirement.specifier for version in versions)


def test_every_pin_has_a_hash() -> None:
    pins = re.split(r"^(?=[\w.-]+(?:\[.*?\])?==)", LOCK.read_text(), flags=re.M)[1:]
    assert len(pins) == sum(map(len, pinned().values()))
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


AUDITS = {
    "nobody answers": ("", 0, "the vulnerability service is not reachable: not audited"),
    "nothing is known": (
        [{"name": "a", "skip_reason": "not found"}],
        0,
        "the vulnerability service is not reachable: not audited",
    ),
    "one is not known": (
        [{"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []}],
        0,
        "1 packages audited, 1 that the service does not know",
    ),
    "one is vulnerable": (
        [{"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}],
        1,
        "b 1: PYSEC-1 (mended in 2)\n1 packages audited",
    ),
}


@pytest.mark.parametrize("name", AUDITS)
def test_what_an_audit_says(name: str) -> None:
    packages, status, words = AUDITS[name]
    output = packages and json.dumps({"dependencies": packages})
    script = "import sys, audit; s, w = audit.told(sys.stdin.read()); print(w); sys.exit(s)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "packaging",
        input=output,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (status, words + "\n")
