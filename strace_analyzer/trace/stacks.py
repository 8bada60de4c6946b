"""Calls in, the same calls out with their stacks (-k), which stand on the lines below them.

Dumps (-e write) stand between a call and its stack, and come out behind the call.

A call is held until the next line only where stacks may come: the first calls of a source, and all
of one that has shown a stack. So without -k a live finding waits for no other line.
"""

from __future__ import annotations

from strace_analyzer.trace.events import Dump, Event, Syscall
from strace_analyzer.trace.frames import Frame, Kind


class Stacks:
    """Of one source."""

    def __init__(self) -> None:
        self._held: Syscall | None = None
        self._stack: list[str] = []
        self._dumps: list[Event] = []
        self._are_printed: bool | None = None
        """Whether -k was given; None before the second call."""

    @property
    def holds(self) -> bool:
        """The next line decides about a call."""
        return self._held is not None

    @property
    def may_come(self) -> bool:
        """The source has shown a stack, or has not had two calls yet."""
        return self._are_printed is not False

    def take(self, frame: Frame, events: list[Event]) -> bool:
        """True if `frame` belongs to the held call; otherwise that call goes to `events`."""
        if self._held is None:
            if frame.kind is Kind.STACK:  # below a signal, or of a call that was not held
                self._are_printed = True
            return False
        text = frame.body.decode("utf-8", "surrogateescape")
        if frame.kind is Kind.STACK:
            self._stack.append(text.strip(" >"))
            return True
        if frame.kind is Kind.DUMP:
            self._dumps.append(Dump(text, frame.span))
            return True
        self.release(events)
        return False

    def give(self, syscall: Syscall, events: list[Event]) -> None:
        """The next call of the source, to `events` unless its stack may follow."""
        if self._are_printed is False:
            events.append(syscall)
        else:
            self.release(events)
            self._held = syscall

    def release(self, events: list[Event]) -> None:
        """No more of the held call's stack comes."""
        held = self._held
        if held is None:
            return
        self._held = None
        if self._stack:
            held.stack = tuple(self._stack)
            self._stack.clear()
            self._are_printed = True
        elif self._are_printed is None:
            self._are_printed = False
        events.append(held)
        events += self._dumps
        self._dumps.clear()
