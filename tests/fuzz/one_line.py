"""Damage one deciding line of a healthy trace in every way, for each layout of strace; a deciding
call may then be lost.

`lost` returns which: the calls that reading the text does not return. No such text may be called
clean.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import NamedTuple

import strace_analyzer as sa
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected

_NAME = re.compile(r"[a-z0-9]+")
_ADDRESS = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("192.0.2.7")}, 16'
_PEER = '{sa_family=AF_INET, sin_port=htons(4711), sin_addr=inet_addr("192.0.2.9")}, [16]'
CALLS = (
    ("socket", "AF_INET, SOCK_STREAM, IPPROTO_TCP", "3"),
    ("setsockopt", "3, SOL_SOCKET, SO_REUSEADDR, [1], 4", "0"),
    ("bind", "3, " + _ADDRESS % 8080, "0"),
    ("listen", "3, 5", "0"),
    ("accept", "3, " + _PEER, "4"),
    ("accept4", "3, " + _PEER + ", SOCK_CLOEXEC", "5"),
    ("dup", "4", "6"),
    ("dup2", "4, 7", "7"),
    ("dup3", "4, 8, O_CLOEXEC", "8"),
    ("fcntl", "4, F_DUPFD_CLOEXEC, 0", "9"),
    ("close", "6", "0"),
    ("close", "4", "0"),
    ("socket", "AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP", "4"),
    ("setsockopt", "4, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4", "0"),
    ("connect", "4, " + _ADDRESS % 80, "0"),
    ("close", "4", "0"),
    ("socketpair", "AF_UNIX, SOCK_STREAM, 0, [4, 6]", "0"),
)
"""A server that is also a client, in order: name, arguments, result."""
DECIDING = frozenset(name for name, _, _ in CALLS)
SHARES = 8
"""of the damages of a layout, each checked by itself"""
_SECOND = 12
"""From here on, number 4 is another socket."""


class Layout(NamedTuple):
    """How strace prints a record: what precedes it, by line number; whether descriptors are
    annotated (-yy), and whether the result has a duration (-T)."""

    name: str
    before: Callable[[int], str]
    notes: bool = False
    took: bool = False
    halves: bool = False
    """each call in two halves, with another task's in between"""


LAYOUTS = (
    Layout("plain", lambda at: ""),
    Layout("-f", lambda at: "13140 "),
    Layout("[pid]", lambda at: "[pid 13140] "),
    Layout("-tt", lambda at: f"10:35:53.{889744 + at} "),
    Layout("-f -tt", lambda at: f"13140 10:35:53.{889744 + at} "),
    Layout("-ttt -T", lambda at: f"1700000000.{100000 + at} ", took=True),
    Layout("-f -r", lambda at: f"13140      0.{100 + at:06} "),
    Layout("-f -yy -T", lambda at: "13140 ", notes=True, took=True),
    Layout("halves", lambda at: "13140 ", halves=True),
    Layout("[pid] -tt halves", lambda at: f"[pid 13140] 10:35:53.{889744 + at} ", halves=True),
)
Lines = list[str]


def traced(layout: Layout) -> tuple[Lines, list[int]]:
    """Return the lines of the trace, and the indices of those that can decide."""
    lines: Lines = []
    deciding: list[int] = []

    def put(text: str, *, decides: bool = False) -> None:
        if decides:
            deciding.append(len(lines))
        lines.append(layout.before(len(lines)) + text)

    took = " <0.000012>" if layout.took else ""
    put('execve("/usr/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0' + took)
    put('access("/etc/x", R_OK) = -1 ENOENT (No such file or directory)' + took)
    if layout.halves:
        put(
            "clone(child_stack=0x7f0, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 13141"
        )
    for at, (name, arguments, result) in enumerate(CALLS):
        first, comma, rest = arguments.partition(", ")
        if layout.notes and first.isdigit():
            first += f"<TCP:[{4711 + 10 * (at >= _SECOND) + int(first)}]>"
        arguments = first + comma + rest
        call, end = f"{name}({arguments}", f"){' ' * (name == 'close') * 9} = {result}{took}"
        if layout.halves:
            put(f"{call} <unfinished ...>", decides=True)
            lines.append(layout.before(len(lines)).replace("13140", "13141") + "getpid() = 13141")
            put(f"<... {name} resumed>{end}", decides=True)
        else:
            put(call + end, decides=True)
        put("getuid() = 0" + took)
    put("exit_group(0) = ?")
    put("+++ exited with 0 +++")
    return lines, deciding


# ---------------------------------------------------------------- damages

Damage = Callable[[Lines, int], Iterator[Lines]]


def _with(lines: Lines, at: int, *instead: str, until: int = 1) -> Lines:
    return [*lines[:at], *instead, *lines[at + until :]]


def _record(line: str) -> int:
    """Return the offset of the call, after what precedes it."""
    bracket = line.find("(")
    mark = line.find("<... ")
    if mark >= 0:
        return mark
    return max(line.rfind(" ", 0, bracket) + 1, 0)


def cut(lines: Lines, at: int) -> Iterator[Lines]:
    """Cut after each byte of the call, from its fourth on."""
    line = lines[at]
    for end in range(_record(line) + 4, len(line)):
        yield _with(lines, at, line[:end])


def front_cut(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    for begin in range(1, line.rfind(")")):
        yield _with(lines, at, line[begin:])


def elided(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    for end in range(_record(line) + 4, len(line)):
        yield _with(lines, at, line[:end] + "...")


def flipped(lines: Lines, at: int) -> Iterator[Lines]:
    """Flip a bit of its name."""
    line = lines[at]
    begin = _record(line) + 5 * line[_record(line) :].startswith("<... ")
    name = _NAME.match(line, begin)
    assert name is not None
    for place in range(*name.span()):
        for bit in range(7):
            other = chr(ord(line[place]) ^ 1 << bit)
            if other not in "\r\n":
                yield _with(lines, at, line[:place] + other + line[place + 1 :])


def joined(lines: Lines, at: int) -> Iterator[Lines]:
    """Join it to the next line, and to the line before."""
    yield _with(lines, at, lines[at] + lines[at + 1], until=2)
    yield _with(lines, at - 1, lines[at - 1] + lines[at], until=2)
    for end in range(_record(lines[at]) + 4, len(lines[at])):
        yield _with(lines, at, lines[at][:end] + lines[at + 1], until=2)


def split(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    for place in range(1, len(line)):
        yield _with(lines, at, line[:place], line[place:])


def doubled(lines: Lines, at: int) -> Iterator[Lines]:
    yield _with(lines, at, lines[at] + lines[at])
    yield _with(lines, at, lines[at], lines[at])


def in_other_case(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    begin = _record(line)
    end = line.find("(", begin)
    for change in (str.upper, str.capitalize):
        if end > 0:
            yield _with(lines, at, line[:begin] + change(line[begin:end]) + line[end:])


def unbracketed(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    for lost in "()[]{}<>":
        if lost in line:
            yield _with(lines, at, line.replace(lost, ""))
            yield _with(lines, at, line.replace(lost, "", 1))


def without_result(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    yield _with(lines, at, line[: line.rfind(" = ")])
    yield _with(lines, at, line[: line.rfind(" = ") + 2])


def blank(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    for place in range(_record(line), len(line)):
        yield _with(lines, at, line[:place] + " " + line[place:])


def tabs(lines: Lines, at: int) -> Iterator[Lines]:
    line = lines[at]
    yield _with(lines, at, line.replace(" ", "\t"))
    for place, character in enumerate(line):
        if character == " ":
            yield _with(lines, at, line[:place] + "\t" + line[place + 1 :])


DAMAGES: tuple[Damage, ...] = (
    cut, front_cut, elided, flipped, joined, split, doubled, in_other_case, unbracketed,
    without_result, blank, tabs,
)  # fmt: skip


# ---------------------------------------------------------------- what was lost


def calls_of(lines: Lines) -> Counter[tuple[str, int | None]]:
    """Return the deciding calls in a reading, with their results. A close() takes effect as soon as
    it begins, however it ends (close(2)); so do dup2() and dup3()."""
    found: Counter[tuple[str, int | None]] = Counter()
    begun: set[int] = set()
    for event in sa.parse("\n".join(lines).encode().split(b"\n")):
        if isinstance(event, sa.Entered) and event.name == "close":
            begun.add(event.tid)
            found["close", 0] += 1
        elif isinstance(event, sa.Syscall) and event.name in DECIDING:
            if event.name != "close":
                name = "dup2" if event.name == "dup3" else event.name
                found[name, event.result.value] += 1
            elif event.tid not in begun:
                found["close", 0] += 1
            begun.discard(event.tid)
    return found


def lost(layout: Layout, text: Lines) -> Counter[tuple[str, int | None]]:
    """Return the calls of the whole trace that a reading of `text` does not contain."""
    return calls_of(traced(layout)[0]) - calls_of(text)


def verdict(text: Lines) -> str:
    """Return the word of the verdict, or `refused`."""
    try:
        analysis = sa.analyze(io.BytesIO("\n".join((*text, "")).encode()), sockets=False)
    except sa.TraceError:
        return "refused"
    return judge(Selected(analysis), parse_gate((), ())).verdict


def damaged(layout: Layout) -> Iterator[tuple[str, Lines]]:
    """Yield every damage of every deciding line, each text once: description and text."""
    lines, deciding = traced(layout)
    seen: set[tuple[str, ...]] = set()
    for at in deciding:
        for damage in DAMAGES:
            for text in damage(lines, at):
                if tuple(text) not in seen:
                    seen.add(tuple(text))
                    new = [line for line in text if line not in lines]
                    yield f"{layout.name}: {damage.__name__}: {new}", text


def called_clean(share: tuple[int, int]) -> tuple[int, list[str]]:
    """Check one of SHARES of the damages of the layout at an index: how many were tried, and what
    was called clean although a call was lost."""
    at, part = share
    layout, faults, tried = LAYOUTS[at], [], 0
    for what, text in islice(damaged(layout), part, None, SHARES):
        tried += 1
        if verdict(text) in ("clean", "no-connections") and lost(layout, text):
            faults.append(what)
    return tried, faults


def main() -> int:
    """Check every damage of every line in every layout, on all processors; exit status 1 if one is
    called clean."""
    shares = [(at, part) for at in range(len(LAYOUTS)) for part in range(SHARES)]
    tried = faulty = 0
    with ProcessPoolExecutor(initializer=os.nice, initargs=(10,)) as pool:
        for done, (some, faults) in enumerate(pool.map(called_clean, shares), 1):
            tried, faulty = tried + some, faulty + len(faults)
            for what in faults:
                print(f"clean: {what}", flush=True)
            if done % SHARES == 0:
                name = LAYOUTS[done // SHARES - 1].name
                print(f"{name}: {tried:,} so far, {faulty} called clean", flush=True)
    print(f"{tried:,} traces with one damaged line: {faulty} called clean")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
