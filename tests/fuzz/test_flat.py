"""What is held while a stream goes on and on does not grow with it: by count of Python's bytes. (A
real one of gigabytes: benchmarks/replay.py.)"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import islice

import pytest
from fuzz.hostile import EARLY_BIND

import strace_analyzer as sa
from strace_analyzer.report.events import arguments
from strace_analyzer.report.events.follow import Follower
from strace_analyzer.report.tally.keys import KEYS
from strace_analyzer.report.tally.tally import Tally
from strace_analyzer.rules.store import IN_MEMORY
from strace_analyzer.trace.decode import memo
from strace_analyzer.trace.reader import EventStream
from tests.report.written import written

FIRST, MORE = IN_MEMORY + 1900, 2000
"""Connections after which all is there that is kept once, and those that come then."""
_EXECVE = b'execve("/bin/a", ["a"], 0x7ffd /* 9 vars */) = 0\n'
_EXIT = b"+++ exited with 0 +++\n"
_CALLS = [line.removeprefix(b"7 ") for line in EARLY_BIND.splitlines(keepends=True)]
_BY_PEER = [*_CALLS[:-1], b'read(3, "", 512) = 0\n', _CALLS[-1]]
_BOUND = [line.replace(b"htons(0)", b"htons(46000)") for line in _CALLS]
_REFUSED = [
    _CALLS[0],
    _CALLS[2].replace(b" = 0", b" = -1 ECONNREFUSED (Connection refused)"),
    _CALLS[3],
]

SERVICES = {
    "early binds": _CALLS,
    "closed by the peer": _BY_PEER,
    "to a port each time": [line.replace(b"htons(80)", b"htons(%d)") for line in _CALLS],
    "from a port of its own": _BOUND,
    "from a port of its own, to a port each time": [
        line.replace(b"htons(80)", b"htons(%d)") for line in _BOUND
    ],
    "not bound": [_CALLS[0], *_CALLS[2:]],
    "refused": _REFUSED,
    "listeners": [*_CALLS[:2], b"listen(3, 5) = 0\n", _CALLS[3]],
}


@pytest.fixture(autouse=True)
def few_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made of a text is kept, up to a limit, which is lowered here: it is reached before
    anything is measured."""
    monkeypatch.setattr(memo, "_MOST", 200)
    monkeypatch.setattr(arguments, "_MOST", 200)


def stream(calls: list[bytes], *, own: bool) -> Iterator[bytes]:
    """The lines of one connection after another, seven seconds apart; each of a process of its `own`,
    or all of one."""
    number = 0
    while True:
        tid = 1000 + number if own else 7
        now = 1_700_000_000 + 7 * number
        said = [_EXECVE, *calls, _EXIT] if own else calls
        text = b"".join(b"%d %d.%06d %b" % (tid, now, at, call) for at, call in enumerate(said))
        yield from (text % (1 + number % 20) if b"%d" in text else text).splitlines(keepends=True)
        number += 1


def growth(calls: list[bytes], *, own: bool = False) -> float:
    """Bytes held more for each connection, once all is there that is kept once."""
    analyzer = sa.Analyzer()
    lines = stream(calls, own=own)
    each = len(calls) + 2 * own
    for line in islice(lines, FIRST * each):
        analyzer.feed(line)
    gc.collect()
    tracemalloc.start()
    for line in islice(lines, MORE * each):
        analyzer.feed(line)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    analysis = analyzer.close()
    (account,) = analysis.traces[0].sources
    assert account.calls >= (FIRST + MORE) * len(calls)
    assert len(analysis.processes) == (FIRST + MORE if own else 1)
    return held / MORE


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVICES)
def test_one_process_that_connects_for_ever(kind: str) -> None:
    assert growth(SERVICES[kind]) < 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "most"), {"early binds": 1300, "not bound": 1200, "refused": 1900}.items()
)
def test_one_process_after_another(kind: str, most: int) -> None:
    """Of each the report has a row, with its program, ports, findings and failures. What it has in
    common with others (program, arguments, destinations) is kept once."""
    assert growth(SERVICES[kind], own=True) < most


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVICES)
@pytest.mark.parametrize("own", [False, True])
def test_events_and_their_sums_keep_nothing_that_ended(own: bool, kind: str) -> None:
    """Of the processes only their numbers are kept, as bits."""
    reading, follower = EventStream(), Follower("t1", ["a"], argv=False, raw=False)
    tallies = [Tally(KEYS[by]) for by in ("syscall", "destination")]
    lines = stream(SERVICES[kind], own=own)
    each = len(SERVICES[kind]) + 2 * own

    def read(connections: int) -> int:
        made = 0
        for line in islice(lines, connections * each):
            for event in reading.feed(line):
                rows = follower.feed(event)
                made += len(rows)
                for tally in tallies:
                    tally.add(rows)
        return made

    read(1000)
    gc.collect()
    tracemalloc.start()
    made = read(MORE)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made == MORE * each
    assert held / MORE < 40


IN_THE_REPORT = 4500
"""bytes for each process with a finding, while its report is made: a row, a group, no proof"""


@pytest.mark.slow
def test_the_report_of_one_process_after_another() -> None:
    """What is held at most from the end of the stream on, beside what is told once."""
    peaks = []
    for number in (1, IN_MEMORY, IN_MEMORY + 1000):  # the first loads what makes a report
        analyzer = sa.Analyzer()
        for line in islice(stream(_CALLS, own=True), number * (len(_CALLS) + 2)):
            analyzer.feed(line)
        gc.collect()
        tracemalloc.start()
        assert "before connecting" in written("text", analyzer.close())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[2] - peaks[1]) / 1000 < IN_THE_REPORT


LEAK_ROWS = 5000
"""bytes for each process and its leaks"""
LEAKING = 3
"""Connections that a process leaves open when the peer has closed: FEW of rules/socket_leak.py."""


def leaks(number: int) -> bytes:
    """A process that leaves LEAKING connections open for seconds, and ends."""
    calls = [_EXECVE]
    for fd in range(3, 3 + LEAKING):
        for call in (_CALLS[0], _CALLS[2], b'read(3, "", 512) = 0\n'):
            at = b"= %d\n" % fd if call is _CALLS[0] else None
            made = call if at is None else call.replace(b"= 3\n", at)
            calls.append(made.replace(b"(3,", b"(%d," % fd))
    calls.append(_EXIT)
    tid, now = 1000 + number, 1_700_000_000 + 7 * number
    times = [*range(len(calls) - 1), 5_000_000]
    return b"".join(
        b"%d %d.%06d %b" % (tid, now + at // 1_000_000, at % 1_000_000, call)
        for at, call in zip(times, calls, strict=True)
    )


@pytest.mark.slow
def test_what_ended_processes_left_open_is_not_kept_whole() -> None:
    """Of each such connection a row of a few figures; its finding, for which there may be no cause,
    is on disk."""
    analyzer = sa.Analyzer()
    for number in range(1000):
        for line in leaks(number).splitlines(keepends=True):
            analyzer.feed(line)
    gc.collect()
    tracemalloc.start()
    for number in range(1000, 1500):
        for line in leaks(number).splitlines(keepends=True):
            analyzer.feed(line)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len([f for f in analyzer.close().findings if f.rule == "socket-leak"]) == 1500 * LEAKING
    assert held / 500 < LEAK_ROWS


OPEN = {
    "sockets": (b"7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = %d\n", 3000),
    "threads inside of a call": (b"%d read(0,  <unfinished ...>\n", 2000),
    "halves that nobody began": (b'%d <... read resumed>"x", 1) = 1\n', 100),
}


@pytest.mark.parametrize("kind", OPEN)
def test_what_is_open_takes_so_much_each(kind: str) -> None:
    """A million of them: benchmarks/huge.py."""
    line, most = OPEN[kind]
    analyzer = sa.Analyzer()
    for number in range(10, 2010, 2):  # not one after the other: these may be numbers of lines
        analyzer.feed(line % number)
    tracemalloc.start()
    for number in range(2010, 6010, 2):
        analyzer.feed(line % number)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 2000 < most
    (account,) = analyzer.close().traces[0].sources
    assert account.lines == account.examined == 3000
