"""A trace, whole or damaged, is judged alike whether all of its lines are looked at or not.

The damage is random, the same in every run: lines lost, doubled, cut, swapped, with other numbers,
names and tasks than they had. Only times never step back, as in no file that strace wrote.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from analysis.filtering import HALVES, Lines, lines_of

from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.results import Analysis
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.reader import traces

HEAD = 1 << 17
"""Bytes at the beginning of a trace that are looked at in any case."""
_TIME = re.compile(r" [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+ ")
_NAMES = ("close", "fcntl", "dup2", "openat", "clone", "socket")


def long_trace() -> tuple[Lines, Lines]:
    """The same program six times, in processes of their own: the head of the file, and the rest."""
    lines: Lines = []
    for run in range(6):
        for line in lines_of(HALVES):
            tid, rest = line.split(" ", 1)
            lines.append(f"{int(tid) + 1000 * run} {rest}".replace(" 19:", f" {10 + run}:", 1))
    size = head = 0
    while size < HEAD:
        size += len(lines[head]) + 1
        head += 1
    return lines[:head], lines[head:]


def at(line: str, place: str) -> str:
    """`line` with the time of the line `place`."""
    time = _TIME.search(place)
    return _TIME.sub(time[0], line, count=1) if time else line


def damage(lines: Lines, chance: random.Random) -> None:
    here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
    line, other = lines[here], lines[there]
    tid = line.split(" ")[0]
    match chance.randrange(9):
        case 0:
            del lines[here]
        case 1:
            lines.insert(here, at(other, line))
        case 2:
            lines[here] = line[: chance.randrange(len(line) + 1)]
        case 3:
            lines[here], lines[there] = at(other, line), at(line, other)
        case 4:
            lines[here] = re.sub(r"\([0-9]+", f"({chance.randrange(3, 20)}", line, count=1)
        case 5:
            lines[here] = re.sub(r"^[0-9]+", other.split(" ")[0], line)
        case 6:
            lines[here] = re.sub(r" [a-z0-9_]+\(", f" {chance.choice(_NAMES)}(", line, count=1)
        case 7:
            lines[here] = re.sub(r"= [0-9]+", f"= {chance.randrange(3, 20)}", line, count=1)
        case _:
            stray = ("hello world", "", f"{tid} dup2(5, 12) = 12", f"{tid} +++ exited with 0 +++")
            lines.insert(here, chance.choice(stray))


def analysed(path: Path, *, strict: bool) -> Analysis:
    settings = Settings(rules=tuple(catalogue()), keep_sockets=True, strict=strict)
    return analyze_traces(traces([str(path)]), settings)


def told(analysis: Analysis) -> list[Any]:
    """All but the accounting of lines."""
    told: list[Any] = [*analysis.findings, *analysis.groups, *analysis.processes]
    told += [*analysis.sockets, *analysis.unknown, *analysis.warnings]
    for trace in analysis.traces:
        told += [trace.ports, trace.seconds, trace.clock, trace.tcp_connections]
        told += [trace.inconclusive]
    return told


def test_what_is_compared_was_sieved(tmp_path: Path) -> None:
    head, tail = long_trace()
    path = tmp_path / "trace"
    path.write_text("\n".join([*head, *tail, ""]), errors="surrogateescape")
    sieved, strict = analysed(path, strict=False), analysed(path, strict=True)
    examined = sieved.traces[0].sources[0].examined
    assert examined < strict.traces[0].sources[0].examined == len(head) + len(tail)
    assert told(sieved) == told(strict)
    assert len(strict.findings) > 0


@pytest.mark.parametrize("seed", range(16))
def test_damage_is_judged_alike(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    head, tail = long_trace()
    for _ in range(10):
        damage(tail, chance)
    path = tmp_path / "trace"
    path.write_text("\n".join([*head, *tail, ""]), errors="surrogateescape")
    assert told(analysed(path, strict=False)) == told(analysed(path, strict=True))


CALLS = (
    "dup(15) = 25",
    "dup2(15, 25) = 25",
    "dup3(15</dev/null<char 1:3>>, 26, O_CLOEXEC) = 26</dev/null<char 1:3>>",
    "fcntl(15, F_DUPFD, 0) = 27",
    "fcntl(15</etc/passwd>, F_DUPFD_CLOEXEC, 20) = 28</etc/passwd>",
    "fcntl(15, F_SETFD, FD_CLOEXEC) = 0",
    "fcntl(15, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)",
    "fcntl(15<pipe:[1]>, F_GETFD) = 0",
    "dup2(15, 25) = -1 EBADF (Bad file descriptor)",
    "close(25) = 0",
    "pipe2([25, 26], O_CLOEXEC) = 0",
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 29",
    'bind(29, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    "listen(25, 5) = 0",
    "setsockopt(25, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    "getsockopt(25, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
    'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 30</etc/hosts>',
    "epoll_create1(EPOLL_CLOEXEC) = 31",
    'open("/gone", O_RDONLY) = -1 ENOENT (No such file or directory)',
    'sendto(19, "x", 1, MSG_FASTOPEN, {sa_family=AF_INET, sin_port=htons(80), '
    'sin_addr=inet_addr("192.0.2.7")}, 16) = 1',
)
"""Calls that make, copy, mark, bind, connect or close a descriptor, of numbers that are no sockets."""


def harmed(call: str, chance: random.Random) -> str:
    """`call` with one character lost, added or changed; or broken off."""
    at = chance.randrange(len(call))
    mark = chance.choice('~(){}[]<>,"= 0x5F|')
    ways = (call[:at] + mark + call[at:], call[:at] + call[at + 1 :], call[:at] + mark)
    return chance.choice((*ways, ways[2] + call[at + 1 :]))


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("scan", ["hyperscan", "re"])
def test_what_a_damaged_line_hides_is_said_alike(
    tmp_path: Path, seed: int, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scan == "re":
        monkeypatch.setattr("strace_analyzer.trace.prefilter.scan.hyperscan", lambda: None)
    chance = random.Random(seed)
    head, tail = long_trace()
    for _ in range(3):
        here = chance.randrange(len(tail))
        who = " ".join(tail[here].split(" ")[:2])
        tail.insert(here, f"{who} {harmed(chance.choice(CALLS), chance)}")
    path = tmp_path / "trace"
    path.write_text("\n".join([*head, *tail, ""]), errors="surrogateescape")
    sieved, strict = analysed(path, strict=False), analysed(path, strict=True)
    assert [*sieved.findings] == [*strict.findings]
    assert [*sieved.unknown, *sieved.warnings] == [*strict.unknown, *strict.warnings]
    assert sieved.traces[0].inconclusive == strict.traces[0].inconclusive
