"""Traces the process that it runs in, and all that this starts, into a file: gives what was done
between two moments, each as a trace of its own.

Not through a pipe: whoever is traced and reads its own trace makes more of it by every read.
"""

from __future__ import annotations

import ctypes
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.kernel.seed import ExistingProcess
from strace_analyzer.live.attach import wait_until_attached
from strace_analyzer.live.processes import Surroundings, existing_processes, unchanged
from strace_analyzer.live.refusals import TracingError, process_status, strace_path
from strace_analyzer.live.stop import Stop
from strace_analyzer.live.strace import end_attached, start_attached
from strace_analyzer.strace_command import strace_command
from strace_analyzer.trace.reader import SourceInput, TraceInput

_UNFINISHED, _DETACHED = b" <unfinished ...>", b" <detached ...>"
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)
"""prctl(PR_SET_PTRACER), Documentation/admin-guide/LSM/Yama.rst"""


class StartingPoint(NamedTuple):
    """`offset` is where the lines of what came before end; `existing` is what there was then."""

    offset: int
    existing: tuple[ExistingProcess, ...]


class OwnTrace:
    """The trace of this process as it grows."""

    def __init__(self, file: Path, strace: subprocess.Popen[bytes]) -> None:
        self._file = file
        self._strace = strace

    def begin(self) -> StartingPoint:
        """Now, with what this process and those that it has started have open."""
        surroundings = Surroundings()
        before = existing_processes(_family(os.getpid(), self._strace.pid), surroundings)
        offset = self.written()
        return StartingPoint(offset, tuple(unchanged(before)))

    def written(self) -> int:
        """Where the last whole line ends. strace writes a line before it lets the call that the
        line is about return, so what this thread has done stands before it. Raises TracingError
        where strace has ended."""
        os.close(os.dup(0) if _is_open(0) else os.open(os.devnull, os.O_RDONLY))
        if self._strace.poll() is not None:
            raise TracingError("strace has ended: what is done from here on is not seen")
        return self._file.stat().st_size

    def since(self, moment: StartingPoint, name: str) -> TraceInput:
        """What has been done since `moment`, as a trace of this `name`."""
        size = self.written() - moment.offset
        with self._file.open("rb") as stream:
            stream.seek(moment.offset)
            lines = stream.read(size)
        return TraceInput("t1", name, (SourceInput(name, None, io.BytesIO(let_go(lines))),))


@contextmanager
def traced_here() -> Iterator[OwnTrace]:
    """This process is traced until the context ends. Raises TracingError if it cannot be."""
    strace_path()
    tracer = int((process_status(os.getpid()) or {}).get("TracerPid", "0"))
    if tracer:
        by = process_status(tracer)
        name = "another program" if by is None else by["Name"]
        raise TracingError(f"this process is traced already, by {name} (pid {tracer})")
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="strace-analyzer-"))
        file = Path(directory, "trace")
        _may_trace(_ANY)
        try:
            strace = start_attached(strace_command(pids=(os.getpid(),), output=str(file)))
            stack.callback(end_attached, strace)
            stop = Stop()
            stack.callback(stop.close)
            wait_until_attached(strace, (os.getpid(),), stop, frozenset({os.getpid()}))
        finally:
            _may_trace(ctypes.c_ulong(0))
        yield OwnTrace(file, strace)


def let_go(lines: bytes) -> bytes:
    """A piece of a trace as if strace had detached at its end: what threads are in the middle of
    then is no call that broke off."""
    if not lines.endswith(b"\n") and lines:
        lines += _DETACHED + b"\n"
    made = lines.split(b"\n")
    seen: set[bytes] = set()
    for at in range(len(made) - 1, -1, -1):
        tid = made[at].partition(b" ")[0]
        if tid not in seen and made[at].endswith(_UNFINISHED):
            made[at] = made[at].removesuffix(_UNFINISHED) + _DETACHED
        seen.add(tid)
    return b"\n".join(made)


def _may_trace(whom: ctypes.c_ulong) -> None:
    """Let a child trace its parent, which Yama forbids otherwise; without Yama nobody asks."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, whom, 0, 0, 0)


def _is_open(fd: int) -> bool:
    return os.path.exists(f"/proc/self/fd/{fd}")


def _family(pid: int, without: int) -> list[int]:
    """The process and all that come from it, as far as /proc tells; `without` is not one of them.
    (proc_pid_task_children(5))"""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                words = children.read_text(encoding="ascii").split()
            except OSError:
                continue
            waiting += [int(word) for word in words if int(word) != without]
    return found
