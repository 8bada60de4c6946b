"""A built wheel carries what it needs: in an empty environment it analyses a sample."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the sdist, and with the wheel that is built from it."""
    directory = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--outdir", str(directory), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return directory


@pytest.fixture
def wheel(built: Path) -> Path:
    return next(built.glob("strace_analyzer-*.whl"))


def test_the_wheel_carries_grammars_and_types(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"grammars/frame.lark", "grammars/call.lark", "py.typed", "__main__.py"}
    assert {f"strace_analyzer/{file}" for file in wanted} <= inside
    assert [file for file in inside if file.startswith(("tests/", "samples/"))] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("package", ["strace_analyzer-*.whl", "strace_analyzer-*.tar.gz"])
def test_an_empty_environment_analyses_a_sample(package: str, built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob(package)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    binaries = tmp_path / "venv" / "bin"
    install = [
        str(binaries / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        str(archive),
    ]
    subprocess.run(install, check=True, capture_output=True)
    sample = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
    done = subprocess.run(
        [str(binaries / "strace-analyzer"), "--format", "json", str(sample)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    found = [f for f in report["findings"] if f["rule"] == "bind-any-port-zero"]
    assert len(found) == 40
