"""A short round of `make fuzz`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.hostile import EARLY_BIND
from fuzz.readings import analysed, faults, from_file
from fuzz.run import check, given

from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.trace.prefilter import ahead
from strace_analyzer.trace.prefilter.sieve import Sieve

BEGINNING = EARLY_BIND + b"7 stat(0x1, 0x2) = -1 ENOENT (No such file or directory)\n"
"""It shows that failed calls are shown too; what can be left out is known only then."""


@pytest.fixture
def sieved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first lines of the blocks of which lines were left out, until it was seen that every one
    matters."""
    found: list[int] = []
    whole = Sieve.lines

    def lines(sieve: Sieve, number: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        found.append(number)
        return whole(sieve, number, data)

    monkeypatch.setattr(Sieve, "lines", lines)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_damaged_samples(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "pays", lambda size: True)
    _, found = check(seed, [path for path in given() if path.parent.name == "samples"], tmp_path)
    assert found == []


@pytest.mark.parametrize("time", [b"2147483648", b"1700000000,5", b"123456789", b"14:29:55,5"])
@pytest.mark.parametrize("pid", [b"", b"7 "])
def test_the_first_line_with_a_time_comes_late(
    time: bytes, pid: bytes, tmp_path: Path, sieved: list[int]
) -> None:
    """Among lines of which those are left out that cannot matter."""
    trace = tmp_path / "trace"
    lines = (pid + b"getpid() = 20032\n") * 2000
    trace.write_bytes(
        BEGINNING.replace(b"7 ", pid) + lines + pid + time + b" getpid() = 2\n" + lines
    )
    assert faults(trace) == []
    assert sieved


LATE = {
    "a call that opens something is cut": b'open("/etc/hosts", O_RDONLY) =\n',
    "a half of it is cut": b"open(0x1 <unfinished ...>\n<... open resumed>) =\n",
    "a pid says whose all the others are": b"12345 close(77) = 0\n",
    "a time is indented": b"  21:11:21.036600 getpid() = 2\n",
    "the program prints a line feed": b'write(2, "x", 1x) = 1\nwrite(2, "\\n", 1\n) = 1\n',
    "a call breaks off, and another has lost its name": (
        b'stat("/x", {st_mo\n'
        + b"getpid() = 2\n" * 3
        + b'geteperl/y", 0x7) = -1 ENOENT (No such)\n'
    ),
    "it prints lines": b'write(2, "a\\nb\\n", 4a\nb\n) = 4\n' * 2,
    "it prints what is no rest": b'write(2, "a\\n) = 4\\n", 8a\n) = 4\n) = 8\n' * 2,
}


@pytest.mark.parametrize("kind", LATE)
def test_what_comes_late_where_no_line_has_a_pid(
    kind: str, tmp_path: Path, sieved: list[int]
) -> None:
    """Among lines of which those are left out that cannot matter."""
    trace = tmp_path / "trace"
    lines = b"getpid() = 20032\n" * 2000
    trace.write_bytes(BEGINNING.replace(b"7 ", b"") + lines + LATE[kind] + lines)
    assert faults(trace) == []
    assert sieved


HALVES = {
    "the second, a number": "{tid} <... {name} resumed>) = 5\n",
    "the second, that of a socket": "{tid} <... {name} resumed>) = 4\n",
    "the second, an error": "{tid} <... {name} resumed>) = -1 EBADF (Bad file descriptor)\n",
    "the second, cut": "{tid} <... {name} resumed>) =\n",
    "the second, with an argument": "{tid} <... {name} resumed>0x1, 5) = 5\n",
    "the second, of another call": "{tid} {name}(4 <unfinished ...>\n{tid} <... read resumed>) = 5\n",
    "the second, of another task": "7 {name}(4 <unfinished ...>\n{tid} <... {name} resumed>) = 5\n",
    "the first": "{tid} {name}(4 <unfinished ...>\n",
    "the first, of another number": "{tid} {name}(77 <unfinished ...>\n",
}


@pytest.mark.parametrize("kind", HALVES)
@pytest.mark.parametrize("holds", [True, False], ids=["a socket is open", "none is open"])
def test_a_half_without_the_other(
    kind: str, holds: bool, tmp_path: Path, sieved: list[int]
) -> None:
    """Of every call that can matter, each in a process of its own, among lines of which those are
    left out that cannot."""
    lines = ['7 execve("/x", ["x"], 0x1 /* 9 vars */) = 0\n', BEGINNING.decode()]
    for tid, _ in enumerate(CALLS, 100):
        lines += [f"7 fork() = {tid}\n", f"{tid} getpid() = {tid}\n"]
        if holds:
            lines.append(f"{tid} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n")
    lines.append("7 getpid() = 7\n" * 3000)
    for tid, name in enumerate(sorted(CALLS), 100):
        lines += [HALVES[kind].format(tid=tid, name=name), "7 getpid() = 7\n" * 100]
        lines += [f"{tid} getpid() = {tid}\n" * 3]
    trace = tmp_path / "trace"
    trace.write_text("".join(lines))
    assert faults(trace) == []
    assert sieved


ORDINARY = {
    "a pid": "7 ",
    "an instruction pointer (-i)": "7 [00007f955fdc4bd3] ",
    "the number of the call too (-n)": "7 [  61] [00007f955fdc4bd3] ",
    "a time": "7 14:29:55.123456 ",
    "an epoch": "7 1700000000.123456 ",
    "a difference (-r)": "7      0.000123 ",
    "no pid": "[00007f955fdc4bd3] ",
    "a pid in brackets": "[pid     7] [00007f955fdc4bd3] ",
    "a name (-Y)": "7<curl> [00007f955fdc4bd3] ",
}
"""What strace prints before a record."""
DAMAGE = {
    "a long number": (r"(?=\d[^\d]*$)", "9223372036854775808"),
    "another letter": (r"(?=\d[^\d]*$)", "a"),
    "twice": (r"$", "{}"),
}


@pytest.mark.parametrize("way", DAMAGE)
@pytest.mark.parametrize("kind", ORDINARY)
def test_damage_before_a_record_is_no_wrapping(kind: str, way: str, tmp_path: Path) -> None:
    """What strace itself prints there, damaged on some lines, is taken off none of the others."""
    prefix = ORDINARY[kind]
    place, piece = DAMAGE[way]
    damaged = re.sub(place, piece.format(prefix), prefix, count=1)
    assert damaged != prefix
    usual = (prefix + "getpid() = 20032\n") * 300
    early = EARLY_BIND.decode().replace("7 ", prefix)
    trace = tmp_path / "trace"
    odd = f"{damaged}--- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED}} ---\n"
    trace.write_text(usual + (odd + usual) * 4 + early + usual)
    assert faults(trace) == []
    read = analysed(from_file(trace), strict=True)
    assert not isinstance(read, str)
    assert [source.read_through for one in read.traces for source in one.sources] == [[]]
    assert [finding.calls["bind"].line for finding in read.findings] == [5 * 300 + 4 + 2]


def test_a_seed_makes_the_same_trace_wherever_the_traces_are() -> None:
    folders = [path.parent.name for path in given() if path.parent.name in ("samples", "traces")]
    assert folders == sorted(folders)
