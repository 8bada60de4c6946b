"""A trace that cannot be judged comes with the command line that takes it again: typed as it stands,
it gives a trace that can."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live.sessions import PATIENCE, PROGRAMS, findings, run

pytestmark = pytest.mark.live

LONGEST = 200
"""characters of a line that is copied from a terminal"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A directory with the program `early`, which binds early three times, and a wrapper."""
    source = (PROGRAMS / "early_binds.py").read_text()
    scripts = {
        "early": f"#!{sys.executable}\n{source}",
        "wrapped": '#!/bin/sh\nexec ./early "$@"\n',
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-f -e trace=file", ["./early", "3", "0", "0"]),
        ("-f -e trace=file", ["./wrapped", "3", "0", "0"]),
        ("-f -e trace=file", ["sh", "-c", "./early 3 0 0 && true"]),
        ("", ["sh", "-c", "./early 3 0 0; true"]),
    ],
    ids=["a program", "what runs another", "a shell", "children not followed"],
)
def test_the_line_that_is_printed_is_the_one_to_type(
    options: str, words: list[str], here: Path
) -> None:
    taken = ["strace", *options.split(), "-o", "useless", *words]
    subprocess.run(taken, cwd=here, check=True, capture_output=True, timeout=PATIENCE)
    done = run(here, "useless")
    assert done.stdout.startswith("inconclusive: ")
    assert done.returncode == 2
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("strace -f")]
    assert len(line) <= LONGEST
    assert "--" in line.split()
    shell = shutil.which("sh")
    assert shell is not None
    subprocess.run([shell, "-c", line], cwd=here, check=True, capture_output=True, timeout=PATIENCE)
    again = run(here, "--format", "json", "trace.txt")
    assert len(findings(again.stdout)) == 3
    assert {finding["confidence"] for finding in findings(again.stdout)} == {"certain"}


def test_words_that_are_not_all_there_are_not_printed(here: Path) -> None:
    words = [
        "strace",
        "-f",
        "-s",
        "3",
        "-e",
        "trace=file",
        "-o",
        "useless",
        "./early",
        "3",
        "0",
        "0",
    ]
    subprocess.run(words, cwd=here, check=True, capture_output=True, timeout=PATIENCE)
    (line,) = [
        each for each in run(here, "useless").stdout.splitlines() if each.startswith("strace -f")
    ]
    assert line.endswith(" -p PID")


def test_what_is_redacted_is_not_printed(here: Path) -> None:
    words = ["strace", "-f", "-e", "trace=file", "-o", "useless", "./early", "3", "0", "0"]
    subprocess.run(words, cwd=here, check=True, capture_output=True, timeout=PATIENCE)
    said = run(here, "--redact", "commands", "useless").stdout
    assert "early" not in said
    assert " -p PID\n" in said
