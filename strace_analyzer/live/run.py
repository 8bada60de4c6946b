"""Runs a program under strace: takes its words, gives the trace to be read while it runs, and how
it ended.

The program's standard input, output and error are ours, untouched; strace writes to a FIFO.
"""

from __future__ import annotations

import io
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os.path import basename
from pathlib import Path
from typing import BinaryIO, cast

from strace_analyzer.live.copy import Copied, Copy
from strace_analyzer.live.fifo import fifo
from strace_analyzer.live.forward import forwarded_to_tracees, held_back
from strace_analyzer.live.refusals import check_program
from strace_analyzer.live.stop import Stop
from strace_analyzer.live.strace import check_options, ended, facts, run_command
from strace_analyzer.live.stream import Patience, Stream
from strace_analyzer.rules.words import script_of
from strace_analyzer.trace.reader import SourceInput, TraceInput

NAME = "<strace>"
_BUFFER = 1 << 18


@dataclass
class Run:
    """A program that runs. `status` is there when the context has ended: as a shell gives it,
    128+N after signal N."""

    trace: TraceInput
    copy: Copy
    status: int = 0


def script_run_by(program: Sequence[str]) -> str:
    """`python3 bills.py`, without places and further arguments; "" if `program` is no
    interpreter. What is traced with -s 0 does not show it."""
    command = basename(program[0])
    script = script_of(command, program)
    return f"{command} {script}" if script else ""


@contextmanager
def running(
    program: Sequence[str],
    *,
    save: Path | None = None,
    stacks: bool = False,
    lean: bool = False,
    options: Sequence[str] = (),
) -> Iterator[Run]:
    """Start `program`; the context ends when it and all that it left running have ended.

    `save` is a file that gets the trace, `options` are the user's own for strace. Raises
    TracingError if it cannot be traced; then nothing has been started. Whatever is raised inside
    of the context, the program goes on to its own end.
    """
    check_program(program[0])
    check_options(options)
    with ExitStack() as stack:
        copy = stack.enter_context(Copy(save))
        if save is not None:
            kept, script = facts(options), script_run_by(program)
            copy.head(kept._replace(values={**kept.values, "script": script}) if script else kept)
        pipe = stack.enter_context(fifo())
        words = run_command(program, pipe.path, stacks=stacks, lean=lean, more=options)
        stop = Stop()  # which nobody presses: the end is the program's to choose
        stack.callback(stop.close)
        mask = stack.enter_context(held_back())
        strace = _start(words, mask)
        writer = stack.enter_context(ended(strace))
        stack.enter_context(forwarded_to_tracees(strace.pid))
        stream = Stream(pipe.fd, stop, Patience(0.0, 0.0), writer)
        source = io.BufferedReader(Copied(stream, copy), _BUFFER)
        name = NAME if save is None else str(save)
        run = Run(
            TraceInput("t1", name, (SourceInput(name, None, cast("BinaryIO", source)),)), copy
        )
        try:
            yield run
        finally:
            while source.read(_BUFFER):
                pass
            run.status = _status(strace.wait())


def _start(words: Sequence[str], mask: set[signal.Signals]) -> subprocess.Popen[bytes]:
    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return subprocess.Popen(words, preexec_fn=unblock)


def _status(returned: int) -> int:
    """strace ends as its program did, by the same signal if it was one (strace(1), EXIT STATUS)."""
    return 128 - returned if returned < 0 else returned
