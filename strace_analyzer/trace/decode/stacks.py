"""Calls in, the same calls out with their stacks (-k), which stand on the lines below them.

Dumps (-e write) stand between a call and its stack, and come out behind the call.

A call is held until the next line only where stacks may come: the first calls of a source, and all
of one that has shown a stack. So without -k a live finding waits for no other line.
"""

from __future__ import annotations

from strace_analyzer.trace.decode.frames import Frame, Kind
from strace_analyzer.trace.events import Dump, Event, Syscall


class Stacks:
    """Of one source."""

    def __init__(self) -> None:
        self.held: Syscall | None = None
        """The call about which the next line decides."""
        self._stack: list[str] = []
        self._dumps: list[Event] = []
        self.may_come = True
        """The source has shown a stack, or has not had two calls yet."""
        self._are_printed = False
        """It has shown one: -k was given."""

    def take(self, frame: Frame, events: list[Event]) -> bool:
        """True if `frame` belongs to the held call; otherwise that call goes to `events`."""
        if self.held is None:
            if frame.kind is Kind.STACK:  # below a signal, or of a call that was not held
                self.may_come = self._are_printed = True
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
        if self.may_come:
            self.release(events)
            self.held = syscall
        else:
            events.append(syscall)

    def release(self, events: list[Event]) -> None:
        """No more of the held call's stack comes."""
        held = self.held
        if held is None:
            return
        self.held = None
        if self._stack:
            held.stack = tuple(self._stack)
            self._stack.clear()
            self._are_printed = True
        self.may_come = self._are_printed
        events.append(held)
        events += self._dumps
        self._dumps.clear()
