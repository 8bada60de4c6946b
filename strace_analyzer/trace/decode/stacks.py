"""Attach to each call its stack (-k), which is printed on the lines below it.

Dumps (-e write) between a call and its stack are given after the call.

A call is held until the next line only if a stack may follow: the first calls of a source, and all
calls of a source that has shown a stack. So without -k, a live finding never waits for another
line.
"""

from __future__ import annotations

from strace_analyzer.trace.decode.frames import Frame, Kind
from strace_analyzer.trace.events import Dump, Event, Syscall


class Stacks:
    """The state of one source."""

    def __init__(self) -> None:
        self.held: Syscall | None = None
        """The call whose fate the next line decides."""
        self._stack: list[str] = []
        self._dumps: list[Event] = []
        self.may_come = True
        """The source has shown a stack, or has not had two calls yet."""
        self._are_printed = False
        """It has shown a stack: -k was given."""

    def take(self, frame: Frame, events: list[Event]) -> bool:
        """Return True if `frame` belongs to the held call; otherwise append that call to
        `events`."""
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
        """Take the next call of the source: append it to `events`, or hold it if its stack may
        follow."""
        if self.may_come:
            self.release(events)
            self.held = syscall
        else:
            events.append(syscall)

    def release(self, events: list[Event]) -> None:
        """Append the held call to `events`: its stack is complete."""
        held = self.held
        if held is None:
            return
        self.held = None
        if self._stack:
            held = held.with_stack(tuple(self._stack))
            self._stack.clear()
            self._are_printed = True
        self.may_come = self._are_printed
        events.append(held)
        events += self._dumps
        self._dumps.clear()
