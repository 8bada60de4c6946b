"""Hands signals on to the traced program: takes those that reach us while it runs.

What a terminal sends (Ctrl-C) reaches the program by itself, which is in the same process group;
what kill(1) sends reaches only us. The two are told apart by who sent the signal (sigaction(2),
si_code).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from strace_analyzer.live.refusals import process_status

FORWARDED = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
)
_SI_KERNEL = 0x80
"""sent by the kernel: the terminal (include/uapi/asm-generic/siginfo.h)"""
_EVERY = 0.2
_START = 2.0
"""seconds within which strace has started the program"""


@contextmanager
def held_back() -> Iterator[set[signal.Signals]]:
    """Signals wait while strace is started; gives the mask that was in force, which is the
    program's."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    try:
        yield {number for number in before if isinstance(number, signal.Signals)}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def forwarded_to_tracees(strace: int) -> Iterator[None]:
    """Inside of `held_back`: every signal that comes is the program's, which `strace` (a pid)
    runs."""
    over = threading.Event()

    def forward() -> None:
        while not over.is_set():
            received = signal.sigtimedwait(FORWARDED, _EVERY)
            if received is not None:
                _hand_on(signal.Signals(received.si_signo), received.si_code, strace)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _hand_on(number: signal.Signals, code: int, strace: int) -> None:
    until = time.monotonic() + _START
    while True:
        traced = list(tracees(strace))
        if traced or time.monotonic() > until:
            break
        time.sleep(_EVERY / 10)
    program = [pid for pid, parent in traced if parent == strace]
    if program and code == _SI_KERNEL:
        return
    for pid in program or [pid for pid, _ in traced]:  # what it left running, once it has ended
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def tracees(tracer: int) -> Iterable[tuple[int, int]]:
    """The processes that `tracer` traces: (pid, pid of its parent)."""
    for name in os.listdir("/proc"):
        status = process_status(int(name)) if name.isdecimal() else None
        if status is not None and int(status["TracerPid"]) == tracer:
            yield int(name), int(status["PPid"])
