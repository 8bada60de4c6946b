"""The script that takes a trace elsewhere says how it is called."""

from __future__ import annotations

import subprocess

import pytest

from strace_analyzer.live.collect import script


@pytest.mark.parametrize("shell", ["sh", "dash", "busybox sh"])
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_collect_has_a_help(shell: str, word: str) -> None:
    done = subprocess.run(
        [*shell.split(), "-s", "--", word], input=script(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: sh collect.sh PID|NAME [SECONDS]")
    assert "strace-analyzer check FILE.tar.gz" in done.stdout


def test_another_option_is_refused() -> None:
    done = subprocess.run(["sh", "-s", "--", "--x"], input=script(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: sh collect.sh")
