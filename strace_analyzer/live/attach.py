"""Attaches strace to running processes: takes their pids, gives the trace to be read meanwhile,
and what was there already. At the end strace detaches and the processes go on."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from os.path import basename
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from strace_analyzer.kernel.seed import ExistingProcess
from strace_analyzer.live.copy import Copied, Copy
from strace_analyzer.live.fifo import fifo
from strace_analyzer.live.processes import Surroundings, existing_processes, unchanged
from strace_analyzer.live.refusals import TracingError, explain, strace_path
from strace_analyzer.live.stop import Stop, stopped_by_signals
from strace_analyzer.live.strace import (
    check_options,
    end_attached,
    ended,
    facts,
    start_attached,
)
from strace_analyzer.live.stream import Patience, Stream
from strace_analyzer.live.targets import Targets, Untraced, untraced
from strace_analyzer.machine.facts import Facts, TracedProcess
from strace_analyzer.rules.words import script_of
from strace_analyzer.strace_command import strace_command
from strace_analyzer.trace.reader import SourceInput, TraceInput

NAME = "<strace>"
_PATIENCE = Patience(idle=10.0, total=20.0)
"""seconds that strace gets to detach: it must stop each thread first"""
_ATTACHING = 30.0
_BUFFER = 1 << 18
_DETACHED = re.compile(rb": (Process \d+ detached)$", re.MULTILINE)


class Attachment(NamedTuple):
    """`processes` are traced, `existing` is what they are and have; `network` is the first one's
    network namespace (`net:[4026531840]`), None if it cannot be read, `there` what is set in it;
    `untraced` are processes below them that ran already and are not traced."""

    processes: tuple[int, ...]
    trace: TraceInput
    copy: Copy
    existing: tuple[ExistingProcess, ...]
    network: str | None
    there: Facts
    untraced: tuple[Untraced, ...] = ()


class LastWords:
    """What strace says on standard error after it has attached: read, so that it never waits, and
    kept where it says that it detached. `said` was read before."""

    def __init__(self, stderr: IO[bytes], said: bytes) -> None:
        self._detached = b""
        self._thread = threading.Thread(target=self._read, args=(stderr, said), daemon=True)
        self._thread.start()

    def __call__(self) -> bytes:
        """`strace: Process 4711 detached` for each task that it was tracing as it ended: of the
        call that a task is in, the trace often shows the first half alone. Empty if it did not
        end."""
        self._thread.join(_PATIENCE.idle)
        return b"" if self._thread.is_alive() else self._detached

    def _read(self, stderr: IO[bytes], said: bytes) -> None:
        for line in (*said.splitlines(), *stderr):
            if found := _DETACHED.search(line):
                self._detached += b"strace: %b\n" % found[1]


@contextmanager
def attached(
    targets: Targets,
    *,
    before: Callable[[Sequence[int]], None] = lambda processes: None,
    seconds: float | None = None,
    save: Path | None = None,
    stacks: bool = False,
    lean: bool = False,
    options: Sequence[str] = (),
) -> Iterator[Attachment]:
    """Trace the processes that `targets` mean, with all their threads and the children that they
    make from now on, until they end, `seconds` are over, or a signal asks for the end (Ctrl-C,
    SIGTERM, SIGHUP).

    `before` is told which they are before they are disturbed. `save` is a file that gets the trace,
    `options` are the user's own for strace. Raises TracingError, and traces none, where a process
    that was asked for by its number cannot be traced, or none of those that were found otherwise.
    """
    strace_path()
    check_options(options)
    processes = targets.processes()
    before(processes)
    with ExitStack() as stack:
        strace: subprocess.Popen[bytes] | None = None

        def detach(_signal: int = 0) -> None:
            if strace is not None and strace.poll() is None:
                strace.terminate()

        stop = stack.enter_context(stopped_by_signals(and_then=detach))
        copy = stack.enter_context(Copy(save))
        pipe = stack.enter_context(fifo())
        surroundings = Surroundings()
        found = existing_processes(processes, surroundings)
        words = strace_command(
            pids=processes, output=pipe.path, stacks=stacks, lean=lean, more=options
        )
        strace = start_attached(words)
        stack.callback(end_attached, strace)
        writer = stack.enter_context(ended(strace))
        if stop.pressed:  # before there was a strace to be told
            detach()
        last_words = wait_until_attached(strace, processes, stop, targets.exact)
        apart = untraced(processes, strace.pid)
        if seconds is not None:
            stop.press_after(seconds)
        stream = Stream(pipe.fd, stop, _PATIENCE, writer)
        there = surroundings.facts
        if save is not None:
            copy.head(facts(options).in_network(there).with_processes(map(_kept, found)))
        source = io.BufferedReader(Copied(stream, copy, last_words), _BUFFER)
        name = NAME if save is None else str(save)
        trace = TraceInput("t1", name, (SourceInput(name, None, cast("BinaryIO", source)),))
        home = next((each.network for each in found if each.tgid == processes[0]), None)
        existing = tuple(unchanged(found))
        yield Attachment(processes, trace, copy, existing, home, there or Facts({}), apart)


def _kept(process: ExistingProcess) -> TracedProcess:
    """What is kept of a process at the head of a saved trace: no arguments but the script's name,
    as what `run` and `attach` save has none (-s 0)."""
    program = process.program or "?"
    named = script_of(basename(program), process.argv) or ""
    return TracedProcess(process.tgid, program, named, process.tids)


def wait_until_attached(
    strace: subprocess.Popen[bytes], processes: Sequence[int], stop: Stop, exact: frozenset[int]
) -> LastWords:
    """Read what strace says on standard error until it says that it has attached to each, and let a
    thread read the rest, which is returned. Raises TracingError if it could not; of those that are
    not `exact` one may have ended meanwhile."""
    assert strace.stderr is not None
    missing, said = set(processes), b""
    until = time.monotonic() + _ATTACHING
    poll = select.poll()
    poll.register(strace.stderr, select.POLLIN)
    while missing and not stop.pressed and time.monotonic() < until:
        if not poll.poll(100):
            continue
        data = os.read(strace.stderr.fileno(), 1 << 16)
        said += data
        lines = said.decode(errors="replace").split("\n")[:-1]
        missing = {
            pid for pid in missing if not any(f"Process {pid} attached" in line for line in lines)
        }
        refused = [line for line in lines if ": attach: " in line]
        gone = {p for p in processes if p not in exact and any(_has_ended(p, r) for r in refused)}
        missing -= gone
        refused = [line for line in refused if not any(_has_ended(pid, line) for pid in gone)]
        if refused or not data:
            end_attached(strace)
            words = refused or [line for line in lines if " attached" not in line]
            raise TracingError(explain(words, _named(words, processes)))
    return LastWords(strace.stderr, said)


def _has_ended(pid: int, line: str) -> bool:
    """`attach: ptrace(PTRACE_SEIZE, 4510): No such process`."""
    return f", {pid})" in line and "No such process" in line


def _named(lines: Sequence[str], processes: Sequence[int]) -> int | None:
    """The process that strace's error is about: `attach: ptrace(PTRACE_SEIZE, 4510): ...`."""
    for pid in processes:
        if any(f", {pid})" in line for line in lines):
            return pid
    return processes[0] if len(processes) == 1 else None
