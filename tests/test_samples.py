"""Every sample has exactly the report that stands beside it, `NAME.expected.txt`.

`UPDATE_SAMPLES=1 pytest tests/test_samples.py` writes them anew: read the difference before it is
committed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
NAMES = sorted(
    path.name
    for path in SAMPLES.iterdir()
    if path.suffix == ".strace" or path.name.endswith("-family")
)
STATUS = {
    "curl-interface-any.strace": 0,
    "erlang23-inets-httpc-40req-yy-tt-T.strace": 1,
    "erlang23-inets-httpc-40req.strace": 1,
    "erlang25-inets-httpc-40req.strace": 0,
    "java-bindany.strace": 1,
    "nginx-proxy-pass-mix.strace": 1,
    "node-http-anyaddr.strace": 1,
    "python-fork-family": 0,
    "python-http-server.strace": 0,
    "python-requests-source-any.strace": 1,
    "python-threads-halves.strace": 0,
    "ssh-b-any.strace": 0,
}
"""The exit status of each: 1 where ports are wasted, 0 where all is clean or only a note. Without times
the connections of one trace that come one after the other waste none: TIME_WAIT is not known."""


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_one_beside_the_sample(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strace_analyzer", "check", name],
        cwd=SAMPLES,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    expected = SAMPLES / f"{name.removesuffix('.strace')}.expected.txt"
    if os.environ.get("UPDATE_SAMPLES"):
        expected.write_text(done.stdout)
    assert done.stderr == ""
    assert done.stdout == expected.read_text()
    assert done.returncode == STATUS[name]


def test_every_sample_is_described() -> None:
    readme = (SAMPLES / "README.md").read_text()
    assert [name for name in NAMES if name not in readme] == []
    assert len(NAMES) >= 10
