"""One deterministic program, traced under every option set that hides no call and no address.

The findings must be the same each time: whatever strace prints before, inside and behind a call.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import strace_analyzer as sa

pytestmark = pytest.mark.live
PROGRAM = [sys.executable, str(Path(__file__).parent / "programs" / "every_case.py")]

EXPECTED = [
    ("bind-any-port-zero", 51, 51, "connected"),
    ("bind-any-port-zero", 52, 52, "connected"),
    ("bind-any-port-zero", 53, 53, "connected"),
    ("bind-any-port-zero", 54, 54, "failed"),
    ("bind-any-port-zero", 55, 55, "connected"),
    ("bind-any-port-zero", 56, 56, "connected"),
    ("bind-any-port-zero", 57, 58, "connected"),
    ("bind-address-port-zero", 65, 65, "connected"),
    ("bind-any-port-zero", 66, 66, "connected"),
]
"""rule, fd of the bind, fd of the connect, outcome: read off programs/every_case.py"""

ALWAYS = [
    "",
    "-t",
    "-tt",
    "-ttt",
    "-r",
    "-r -tt",
    "-T",
    "-i",
    "-y",
    "-yy",
    "-x",
    "-xx",
    "-X raw",
    "-X verbose",
    "-X abbrev",
    "-v",
    "-s 0",
    "-s 1024",
    "-a 1",
    "-q",
    "-qq",
    "-C",
    "-e signal=none",
    "-e abbrev=none",
    "-e verbose=all",
    "-e read=all",
    "-e write=all",
    "-f -tt -T -yy -v -s 256",
    "-xx -yy -T",
    "-X raw -xx -r",
    "-X verbose -yy -ttt",
    "-i -tt -y -x",
    "-e inject=getpid:retval=7",
    "-e inject=connect:delay_enter=50",
]
NEWER = [
    "-n",
    "-Y",
    "-Y -yy -tt",
    "--decode-fds=all",
    "--decode-pids=comm",
    "--decode-pids=pidns",
    "--secontext",
    "--secontext=full",
    "--seccomp-bpf",
    "--absolute-timestamps=precision:ns",
    "--relative-timestamps=ns",
    "--syscall-times=ns",
    "--strings-in-hex=non-ascii-chars",
    "-N",
    "--color=always",
]
"""options that some straces lack"""


@cache
def understood(options: str) -> bool:
    """True where the strace of this machine knows the options."""
    command = ["strace", *options.split(), "-o", "/dev/null", "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def traced(trace: Path, *options: str, wrapper: tuple[str, ...] = ()) -> None:
    """Runs the program under `strace OPTIONS -o TRACE`."""
    command = ["strace", *options, "-o", str(trace), *wrapper, *PROGRAM]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)


def findings(source: Path, *, certain: bool = True) -> list[tuple[str, int, int, str]]:
    """(rule, fd of the bind, fd of the connect, outcome) in order of the bind; all are certain, or
    some are not.
    """
    early = [f for f in sa.analyze(source).findings if f.rule.startswith("bind-")]
    assert all(f.confidence is sa.Confidence.CERTAIN for f in early) is certain
    return sorted(
        ((f.rule, f.calls["bind"].fd, f.calls["connect"].fd, f.outcome.value) for f in early),
        key=lambda found: found[1],
    )


@pytest.mark.parametrize("options", ALWAYS + [o for o in NEWER if understood(o)])
def test_options_change_nothing(options: str, tmp_path: Path) -> None:
    traced(tmp_path / "trace", "-f", *options.split())
    assert findings(tmp_path / "trace") == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize("options", [o for o in ("-k", "-k -tt -yy") if understood(o)])
def test_stacks_change_nothing(options: str, tmp_path: Path) -> None:
    traced(tmp_path / "trace", "-f", "-e", "trace=%network,%process,%desc", *options.split())
    assert findings(tmp_path / "trace") == EXPECTED


@pytest.mark.parametrize("options", ["-tt", "-ttt -yy", "-tt -T", "-ttt -xx -y"])
def test_a_family_of_files_with_a_clock_changes_nothing(options: str, tmp_path: Path) -> None:
    family = tmp_path / "family"
    family.mkdir()
    traced(family / "trace", "-ff", *options.split())
    assert len(list(family.iterdir())) == 3
    assert findings(family) == EXPECTED
    assert findings(family / "trace") == EXPECTED


UNORDERED = [found for found in EXPECTED if found[1] != 56]
"""Without a common clock nothing says that the thread connected 56 before its parent closed it."""


@pytest.mark.parametrize("options", ["", "-r", "-t -T", "-xx -y"])
def test_without_a_clock_what_needs_order_is_unknown(options: str, tmp_path: Path) -> None:
    traced(tmp_path / "trace", "-ff", *options.split())
    assert findings(tmp_path / "trace") == UNORDERED
    assert [unknown.code for unknown in sa.analyze(tmp_path / "trace").unknown] == ["older-socket"]


@pytest.mark.parametrize("options", ["", "-tt -T", "-yy -r"])
def test_standard_error_changes_nothing(options: str, tmp_path: Path) -> None:
    command = ["strace", "-f", *options.split(), *PROGRAM]
    with (tmp_path / "trace").open("wb") as trace:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=trace, timeout=300)
    assert findings(tmp_path / "trace") == EXPECTED


@pytest.mark.parametrize("options", ["-f", "-f -tt -yy", "-ff -tt", "-ff"])
def test_another_pid_namespace_changes_nothing(options: str, tmp_path: Path) -> None:
    """In the namespace a clone's result is not the child's tid that strace prints."""
    traced(tmp_path / "trace", *options.split(), wrapper=("unshare", "-p", "-f"))
    if options == "-ff":  # no clock, and no clone that names the child's file
        assert findings(tmp_path / "trace", certain=False) == UNORDERED
    else:
        assert findings(tmp_path / "trace") == EXPECTED
