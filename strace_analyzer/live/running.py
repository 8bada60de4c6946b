"""The processes that run here now, from /proc: who they are, whose children, in which control
groups, traced by whom (proc_pid_stat(5), proc_pid_status(5), proc_pid_cgroup(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from os.path import basename
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.live.processes import command_name
from strace_analyzer.rules.scripts import script_in


class Running(NamedTuple):
    """A process. `argv` is () for a kernel thread and for what has ended (a zombie)."""

    pid: int
    parent: int
    comm: str
    """its command's name, of 15 bytes at most"""
    argv: tuple[str, ...]
    program: str | None
    """the path of its executable, None if another user's /proc entry hides it"""
    tracer: int
    """the process that traces it, 0 for none"""
    cgroups: tuple[tuple[str, str], ...]
    """controllers and path, for each hierarchy"""

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.comm or basename(self.program or "")

    @property
    def names(self) -> frozenset[str]:
        """What it can be called: the command's name, the executable's and argv[0]'s file names, and
        those of the script that it runs."""
        words = [self.program or "", *self.argv[:1], self.script]
        return frozenset(filter(None, (self.comm, *map(basename, words))))

    @property
    def script(self) -> str:
        """The script, module or class that an interpreter runs, "" where that is not known."""
        found = (
            script_in(basename(path), self.argv)
            for path in (self.program, *self.argv[:1], self.comm)
            if path
        )
        return next((name for item in found if item is not None for _, name in (item,)), "")


def running() -> Iterator[Running]:
    """All that can be seen, in order of their ids; one that ends meanwhile is left out."""
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        try:
            yield process(pid)
        except OSError:
            continue


def process(pid: int) -> Running:
    """One process; raises OSError if it has ended."""
    base = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in _lines(base / "status") if ":" in line)
    words = (base / "cmdline").read_bytes().rstrip(b"\0")
    try:
        program: str | None = os.readlink(base / "exe").removesuffix(" (deleted)")
    except OSError:
        program = None
    return Running(
        pid=pid,
        parent=int(status["PPid"]),
        comm=command_name(pid),
        argv=tuple(os.fsdecode(word) for word in words.split(b"\0")) if words else (),
        program=program,
        tracer=int(status["TracerPid"]),
        cgroups=tuple(
            (line.split(":", 2)[1], line.split(":", 2)[2]) for line in _lines(base / "cgroup")
        ),
    )


class Scripts:
    """What the interpreters among the processes run; each process is asked once."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, pids: Iterable[int]) -> str | None:
        """The one that all of these run; None for programs without a script, and for several."""
        found = {self._script(pid) for pid in pids}
        return (found.pop() or None) if len(found) == 1 else None

    def _script(self, pid: int) -> str:
        if pid not in self._known:
            try:
                self._known[pid] = basename(process(pid).script)
            except OSError:  # it has ended meanwhile
                self._known[pid] = ""
        return self._known[pid]


def _lines(file: Path) -> list[str]:
    """Of a file of /proc: only a newline ends one, and names can have any other character."""
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n")
