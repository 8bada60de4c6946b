"""Yield a row for each event of a trace, in the order in which they complete.

The kernel model runs along to provide process, socket and addresses. Memory is that of the model
and of the calls under way, however long the trace is. A call of which only the first half is
printed becomes a row when it is clear that the rest does not follow.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.objects import OpenFileDescription, Task, ThreadGroup
from strace_analyzer.kernel.open_calls import rename
from strace_analyzer.plain import printable
from strace_analyzer.report.events.arguments import Arguments
from strace_analyzer.report.events.descriptors import ADDRESS, descriptor_of, number_in_front
from strace_analyzer.report.events.marks import mark
from strace_analyzer.report.events.row import Addresses, Argument, EventRow
from strace_analyzer.report.events.stack import stack_frame
from strace_analyzer.report.events.texts import texts
from strace_analyzer.trace.events import EXECS, Entered, Event, Exited, Identified, Killed, Syscall
from strace_analyzer.trace.reader import TraceInput, TraceReader
from strace_analyzer.trace.sockaddr import socket_address

_RETURNS_FD = frozenset({"socket", "accept", "accept4", "pidfd_getfd"})
_NOWHERE: Addresses = (None, None, None, None)
_new = tuple.__new__


def rows(
    trace: TraceInput, reader: TraceReader | None = None, *, argv: bool = False, raw: bool = False
) -> Iterator[EventRow]:
    """Yield the rows of `trace`. `argv` gives whole command lines (which can contain secrets)
    instead of command names, `raw` adds every event as printed.

    Raises TraceError as TraceReader does. A `reader` can be passed to inspect its accounting later.
    """
    follower = Follower(trace.id, [source.name for source in trace.sources], argv=argv, raw=raw)
    for event in TraceReader(trace) if reader is None else reader:
        yield from follower.feed(event)
    yield from follower.close()


class Follower:
    """Converts the events of one trace to rows."""

    def __init__(self, trace: str, sources: Sequence[str], *, argv: bool, raw: bool) -> None:
        self._trace = trace
        self._sources = sources
        self._argv = argv
        self._raw = raw
        self._tracker = Tracker()
        self._tasks = self._tracker.tasks
        self._arguments = Arguments()
        self._start: float | None = None
        self._calls: dict[int, tuple[Entered, OpenFileDescription | None]] = {}
        """calls under way and their sockets, by the task that is in them"""

    def feed(self, event: Event) -> list[EventRow]:
        """Return the rows that `event` completes."""
        if isinstance(event, Syscall):
            return self._syscall(event)
        if isinstance(event, Entered):
            return self._entered(event)
        done = self._abandoned(event.tid) if isinstance(event, (Exited, Killed)) else []
        found = mark(event, self._arguments)
        if found is not None:
            seconds, raw = found.seconds, found.raw
            tgid, command = (None, None) if found.tid is None else self._who(found.tid)
            kept = raw if self._raw or found.keeps_raw else None
            done.append(
                EventRow(
                    found.type, self._trace, self._sources[found.span.source], found.span.first,
                    found.span.last, found.tid or None, tgid, command, self._since(seconds),
                    seconds, None, found.name, found.args, found.ret, found.ret_text, None, None,
                    None, None, *_NOWHERE, None, None if kept is None else printable(kept),
                )
            )  # fmt: skip
        if isinstance(event, (Identified, Exited)):
            rename(self._calls, event)
        self._tracker.feed(event)
        self._tracker.doubts.clear()
        return done

    def close(self) -> list[EventRow]:
        """End the trace: return the calls that never returned."""
        left = [self._half(tid, *begun) for tid, begun in self._calls.items()]
        self._calls.clear()
        return left

    # calls

    def _entered(self, half: Entered) -> list[EventRow]:
        tid = half.tid
        done = self._abandoned(tid) if tid in self._calls else []
        # when it returns, its descriptor may be closed, or belong to another file
        task = self._tasks.by_tid.get(tid)
        description = None
        if task is not None and task.table.slots:
            description = self._description(task, number_in_front(half))
        self._follow(half)
        self._calls[tid] = half, description
        return done

    def _abandoned(self, tid: int) -> list[EventRow]:
        """Return the row of the call that `tid` was inside, which is doing something else now."""
        begun = self._calls.pop(tid, None)
        return [] if begun is None else [self._half(tid, *begun)]

    def _half(self, tid: int, half: Entered, description: OpenFileDescription | None) -> EventRow:
        """Return the row of a call that is not known to have returned; its task is `tid` now."""
        args = self._arguments.of(texts(half.call.text).arguments, lambda: half.args)
        fd = descriptor_of(half.name, args)
        tgid, command = self._who(tid)
        return EventRow(
            "syscall", self._trace, self._sources[half.span.source], half.span.first,
            half.span.last, tid or None, tgid, command, self._since(half.seconds),
            half.seconds, None, half.name, args, None, None, None,
            None if fd is None else fd.fd, None if fd is None else fd.target,
            self._socket(description), *self._addresses(half, fd, description),
            None, printable(half.call.text) if self._raw else None,
        )  # fmt: skip

    def _syscall(self, call: Syscall) -> list[EventRow]:
        """Return the rows of a call. This is the hot path: most rows are made here."""
        tid, name, seconds = call.tid, call.name, call.seconds
        index, first, last = call.span
        done: list[EventRow] = []
        description = None
        if self._calls:
            begun = self._calls.pop(self._begun_as(call) if name in EXECS else tid, None)
            if begun is not None:
                half, description = begun
                if half.span[:2] != (index, first):
                    done, description = [self._half(tid, half, description)], None
        text = call.text
        arguments, returned = texts(text)
        args = self._arguments.of(arguments, lambda: call.args)
        fd = descriptor_of(name, args)
        task = self._tasks.by_tid.get(tid)
        group = None if task is None else task.group
        command = None if group is None else self._command(group)
        if description is None and task is not None and fd is not None and task.table.slots:
            description = self._description(task, fd.fd)
        self._follow(call)
        if group is None:
            task = self._tasks.by_tid.get(tid)
            group = None if task is None else task.group
        result, duration = call.result, call.duration
        if name in _RETURNS_FD and description is None and not result.failed:
            description = self._description(self._tasks.by_tid.get(tid), result.value)
        if returned is not None:
            if duration is not None:
                returned = returned[: returned.rfind("<")]
            returned = printable(returned.rstrip())
        addresses = _NOWHERE
        if description is not None or name in ADDRESS or (fd is not None and fd.ends is not None):
            addresses = self._addresses(call, fd, description)
        stack = call.stack
        columns = (
            "syscall", self._trace, self._sources[index], first, last, tid or None,
            None if group is None else group.tgid or None, command, self._since(seconds), seconds,
            duration, name, args, result.value, returned, result.errno,
            None if fd is None else fd.fd, None if fd is None else fd.target,
            self._socket(description), *addresses,
            tuple(map(stack_frame, stack)) if stack else None,
            printable(text) if self._raw else None,
        )  # fmt: skip
        done.append(_new(EventRow, columns))  # EventRow(*columns), in half the time
        return done

    def _begun_as(self, call: Syscall) -> int:
        """Return the number under which the task of `call`, an execve(), began it: that of a thread
        changes in it, and strace may not have said so (--quiet=thread-execve)."""
        place = call.span[:2]
        for tid, (half, _) in self._calls.items():
            if half.span[:2] == place:
                return tid
        return call.tid

    def _follow(self, event: Syscall | Entered) -> None:
        """Pass a call to the model, unless the model ignores it."""
        interest = self._tracker.interest
        if event.name in interest.when or interest.awaits_children or not interest.has_begun:
            self._tracker.feed(event)
            if self._tracker.doubts:
                self._tracker.doubts.clear()

    # owner

    def _who(self, tid: int) -> tuple[int | None, str | None]:
        """Return process id and command of a task."""
        task = self._tasks.by_tid.get(tid)
        if task is None:
            return None, None
        return task.group.tgid or None, self._command(task.group)

    def _command(self, group: ThreadGroup) -> str | None:
        name = shlex.join(group.argv) if self._argv and group.argv else group.command
        return None if name is None else printable(name)

    def _since(self, seconds: float | None) -> float | None:
        if seconds is None:
            return None
        if self._start is None:
            self._start = seconds
        return round(seconds - self._start, 6)

    def _description(self, task: Task | None, fd: int | None) -> OpenFileDescription | None:
        """Return the internet socket at `fd`."""
        if task is None or fd is None:
            return None
        descriptor = task.table.slots.get(fd)
        if descriptor is None or not descriptor.description.socket.is_inet:
            return None
        return descriptor.description

    def _socket(self, description: OpenFileDescription | None) -> str | None:
        return None if description is None else f"{self._trace}:{description.id}"

    def _addresses(
        self,
        call: Syscall | Entered,
        fd: Argument | None,
        description: OpenFileDescription | None,
    ) -> Addresses:
        """Return addresses, preferring those of the call itself, then of -yy, then of the model."""
        known: Addresses = _NOWHERE
        if fd is not None and fd.ends is not None:
            known = fd.ends
        elif description is not None:
            socket = description.socket
            local, peer = socket.local, socket.peer
            known = (
                None if local is None else local.address,
                socket.assigned_port or (None if local is None else local.port),
                None if peer is None else peer.address,
                None if peer is None else peer.port,
            )
        place, is_local = ADDRESS.get(call.name, (99, False))
        if place < len(call.args):
            address = socket_address(call.args[place])
            if address is not None and address.port is not None:
                if is_local:
                    return address.address, address.port, *known[2:]
                return *known[:2], address.address, address.port
        return known
