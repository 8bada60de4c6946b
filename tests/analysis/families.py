"""Make -ff families with known truth: threads with one descriptor table, whose calls take time, and
whose files show when each call was entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import strace_analyzer as sa

FLAGS = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM"
TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.%d")}'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'


@dataclass
class Family:
    """Lines by file, and the early binds: (file, line of bind, line of connect)."""

    files: dict[int, list[str]] = field(default_factory=dict)
    truth: set[tuple[int, int, int]] = field(default_factory=set)

    def write(self, folder: Path) -> Path:
        """Write the files to the folder, and return it."""
        folder.mkdir(exist_ok=True)
        for tid, lines in self.files.items():
            (folder / f"t.{tid}").write_text("".join(lines))
        return folder


@dataclass
class _Thread:
    tid: int
    clock: int
    turns: int
    fd: int | None = None
    todo: list[str] = field(default_factory=list)
    bind: int | None = None


def made(seed: int, threads: int = 3, turns: int = 4, slow: int = 40) -> Family:
    """Make threads that create, bind, connect and close sockets. A call is entered, takes effect up
    to `slow` ticks later, and returns; the next one is entered after that."""
    random, family = Random(seed), Family()
    names = [100 + number for number in range(threads)]
    clones = [
        f"1795949317.{number:06d} clone3({{flags={FLAGS}, stack=0x7f0, stack_size=0x7fff80}}"
        f" => {{parent_tid=[{tid}]}}, 88) = {tid}\n"
        for number, tid in enumerate(names[1:], 1)
    ]
    family.files = {tid: [] for tid in names}
    family.files[100] = clones
    free = set(range(3, 64))
    everyone = [_Thread(tid, 1000 + random.randrange(50), turns) for tid in names]
    pending: list[tuple[int, int, _Thread, str]] = []
    for thread in everyone:
        _enter(thread, random, slow, pending)
    while pending:
        pending.sort(key=lambda item: item[:2])
        effect, _, thread, call = pending.pop(0)
        _take_effect(family, thread, call, free)
        thread.clock = effect + 1 + random.randrange(slow)
        _enter(thread, random, slow, pending)
    for thread in everyone:
        family.files[thread.tid].append(f"1795949317.{thread.clock:06d} +++ exited with 0 +++\n")
    return family


def _enter(
    thread: _Thread, random: Random, slow: int, pending: list[tuple[int, int, _Thread, str]]
) -> None:
    if not thread.todo:
        if not thread.turns:
            return
        thread.turns -= 1
        binds = ["bind"] if random.random() < 0.7 else []
        thread.todo = ["socket", "setsockopt", *binds, "connect", "close"]
    pending.append((thread.clock + random.randrange(slow), thread.tid, thread, thread.todo.pop(0)))


def _take_effect(family: Family, thread: _Thread, call: str, free: set[int]) -> None:
    lines = family.files[thread.tid]
    match call:
        case "socket":
            thread.fd, thread.bind = min(free), None
            free.remove(thread.fd)
            text = f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {thread.fd}"
        case "setsockopt":
            text = f"setsockopt({thread.fd}, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0"
        case "bind":
            thread.bind = len(lines) + 1
            text = f"bind({thread.fd}, {ANY}, 16) = 0"
        case "connect":
            if thread.bind is not None:
                family.truth.add((thread.tid, thread.bind, len(lines) + 1))
            text = f"connect({thread.fd}, {TO % thread.tid}, 16) = 0"
        case _:
            assert thread.fd is not None
            free.add(thread.fd)
            text = f"close({thread.fd}) = 0"
    lines.append(f"1795949317.{thread.clock:06d} {text}\n")


def found(analysis: sa.Analysis, *, certain: bool = False) -> set[tuple[int, int, int]]:
    """Return the early binds that were found, in the form of `truth`."""
    return {
        (int(f.calls["bind"].source.rpartition(".")[2]), f.calls["bind"].line, connect.line)
        for f in analysis.findings
        if f.rule == "bind-any-port-zero"
        and (not certain or f.confidence is sa.Confidence.CERTAIN)
        and (connect := f.calls["connect"])
    }
