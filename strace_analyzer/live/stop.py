"""A wish to end, from a signal or a clock, that wakes whoever waits for input."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end the input and not the report."""


class Stop:
    """Whether the end is wished for; `wake` is a descriptor that becomes readable when it is."""

    def __init__(self) -> None:
        self.pressed = False
        self.signal: int | None = None
        """the number of the signal that pressed it first, None for a clock"""
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._waker, False)

    def press(self) -> None:
        """Ask for the end. May be called from a signal handler."""
        self.pressed = True
        with suppress(BlockingIOError):
            os.write(self._waker, b"!")

    def settle(self) -> None:
        """Make `wake` unreadable unless the end is asked for: other signals may have woken it, and
        one whose handler is about to run."""
        if not self.pressed:
            with suppress(BlockingIOError):
                os.read(self.wake, 1 << 16)

    def woken_by_signals(self) -> int:
        """Let every signal make `wake` readable at once, and return the descriptor that it was so
        with before (-1: none). Python's own handlers run only when a wait is over, which one that
        began just after the signal came never is (signal.set_wakeup_fd)."""
        return signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)

    def press_after(self, seconds: float) -> None:
        """Ask for the end by then. Only inside of `stopped_by_signals`, in the main thread."""
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.wake)
        os.close(self._waker)


@contextmanager
def stopped_by_signals(
    signals: Sequence[signal.Signals] = ENDINGS,
    and_then: Callable[[int], None] | None = None,
) -> Iterator[Stop]:
    """A Stop that the `signals` and the clock press; `and_then` is called with the number of the
    signal each time.

    A second Ctrl-C means it: it raises KeyboardInterrupt. A signal that is ignored stays ignored
    (nohup(1)).
    """
    stop = Stop()

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if stop.signal is None and number != signal.SIGALRM:
            stop.signal = number
        stop.press()
        if and_then is not None:
            and_then(number)

    before: dict[signal.Signals, Any] = {}
    woken = stop.woken_by_signals()
    try:
        for number in (*signals, signal.SIGALRM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handle)
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        stop.close()
