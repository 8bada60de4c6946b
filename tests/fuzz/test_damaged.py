"""A short round of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.hostile import EARLY_BIND
from fuzz.readings import faults
from fuzz.run import check, given

from strace_analyzer.trace.prefilter import ahead


@pytest.mark.parametrize("seed", range(12))
def test_damaged_samples(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SMALLEST", 0)
    _, found = check(seed, [path for path in given() if path.parent.name == "samples"], tmp_path)
    assert found == []


@pytest.mark.parametrize("time", [b"2147483648", b"1700000000,5", b"123456789", b"14:29:55,5"])
@pytest.mark.parametrize("pid", [b"", b"7 "])
def test_the_first_line_with_a_time_comes_late(time: bytes, pid: bytes, tmp_path: Path) -> None:
    """Among lines of which those are left out that cannot matter."""
    trace = tmp_path / "trace"
    lines = (pid + b"getpid() = 20032\n") * 2000
    trace.write_bytes(
        EARLY_BIND.replace(b"7 ", pid) + lines + pid + time + b" getpid() = 2\n" + lines
    )
    assert faults(trace) == []


LATE = {
    "a call that opens something is cut": b'open("/etc/hosts", O_RDONLY) =\n',
    "a half of it is cut": b"open(0x1 <unfinished ...>\n<... open resumed>) =\n",
    "a pid says whose all the others are": b"12345 close(77) = 0\n",
    "a time is indented": b"  21:11:21.036600 getpid() = 2\n",
}


@pytest.mark.parametrize("kind", LATE)
def test_what_comes_late_where_no_line_has_a_pid(kind: str, tmp_path: Path) -> None:
    """Among lines of which those are left out that cannot matter."""
    trace = tmp_path / "trace"
    lines = b"getpid() = 20032\n" * 2000
    trace.write_bytes(EARLY_BIND.replace(b"7 ", b"") + lines + LATE[kind] + lines)
    assert faults(trace) == []


def test_a_seed_makes_the_same_trace_wherever_the_traces_are() -> None:
    folders = [path.parent.name for path in given() if path.parent.name in ("samples", "traces")]
    assert folders == sorted(folders)
