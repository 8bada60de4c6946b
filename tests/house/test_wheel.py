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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "-w",
        str(directory),
        ".",
    ]
    subprocess.run(build, cwd=ROOT, check=True)
    return next(directory.glob("strace_analyzer-*.whl"))


def test_the_wheel_carries_grammars_and_types(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"grammars/frame.lark", "grammars/call.lark", "py.typed", "__main__.py"}
    assert {f"strace_analyzer/{file}" for file in wanted} <= inside
    assert [file for file in inside if file.startswith(("tests/", "samples/"))] == []


@pytest.mark.slow
def test_an_empty_environment_analyses_a_sample(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    binaries = tmp_path / "venv" / "bin"
    install = [str(binaries / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
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
