"""Which process made which, what each ran and how it ended: takes events in the order in which the
model takes them, gives ProcessLives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from strace_analyzer.findings import ProcessLife, Program
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.rules.evidence import Context
from strace_analyzer.trace.events import (
    EXECS,
    Entered,
    Event,
    Exited,
    Killed,
    SignalDelivered,
    Syscall,
)


@dataclass(slots=True, eq=False)
class _Life:
    group: ThreadGroup
    started: float | None
    born: bool = False
    """the call that made it was seen"""
    programs: list[Program] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)
    ended: float | None = None
    status: int | None = None
    signal: str | None = None
    dumped: bool = False


class Genealogy:
    """The processes of one trace. `feed` each event after the model has taken it in."""

    def __init__(self, context: Context, tasks: Tasks) -> None:
        self._context = context
        self._tasks = tasks
        self._lives: dict[ThreadGroup, _Life] = {}
        self._of: dict[int, _Life] = {}
        """by thread, as long as it lives"""

    def feed(self, event: Event) -> None:
        """Note who speaks, who is born, what is run, who ends."""
        if isinstance(event, (Syscall, Entered)):
            life = self._spoken(event.tid, event.seconds)
            if life is None or isinstance(event, Entered) or event.result.failed:
                return
            if event.name in EXECS:
                self._executed(event, life)
            elif event.name.endswith("fork") or event.name.startswith("clone"):
                self._born(event)
        elif isinstance(event, SignalDelivered):
            self._spoken(event.tid, event.seconds)
        elif isinstance(event, (Exited, Killed)):
            self._ended(event)

    def lives(self) -> Iterator[ProcessLife]:
        """The processes in order of first sight, parents before their children."""
        trace = self._context.trace
        for group in self._ordered():
            life = self._lives[group]
            started = self._context.since_start(life.started)
            ended = self._context.since_start(life.ended)
            yield ProcessLife(
                id=f"{trace}:{group.id}",
                trace=trace,
                tgid=group.tgid or None,
                tids=tuple(tid for tid in group.tids if tid),
                parent=f"{trace}:{group.parent.id}" if group.parent in self._lives else None,
                command=group.command,
                programs=tuple(life.programs),
                is_born=life.born,
                started=started,
                ended=ended,
                exit_status=life.status,
                signal=life.signal,
                core_dumped=life.dumped,
            )

    def _spoken(self, tid: int, seconds: float | None) -> _Life | None:
        life = self._of.get(tid)
        task = self._tasks.by_tid.get(tid)
        if task is None:
            return life
        if life is None or life.group is not task.group:
            life = self._life(task.group, seconds)
            life.alive.add(tid)
            self._of[tid] = life
        return life

    def _life(self, group: ThreadGroup, seconds: float | None) -> _Life:
        life = self._lives.get(group)
        if life is None:
            life = self._lives[group] = _Life(group, seconds)
        return life

    def _born(self, call: Syscall) -> None:
        child = self._tasks.by_tid.get(call.result.value or 0)
        caller = self._tasks.by_tid.get(call.tid)
        if child is None or caller is None:
            return
        life = self._life(child.group, call.seconds)
        life.alive.add(child.tid)
        self._of[child.tid] = life
        if child.group.parent is caller.group and not life.born:
            life.born = True
            life.started = call.seconds

    def _executed(self, call: Syscall, life: _Life) -> None:
        group = life.group
        path = group.programs[-1] if group.programs else (group.command or "?")
        life.alive = {call.tid}
        life.programs.append(
            Program(
                path=path,
                argv=group.argv,
                argv_truncated=group.argv_truncated,
                seconds=self._context.since_start(call.seconds),
                source=self._context.source_name(call.span.source),
                line=call.span.first,
            )
        )

    def _ended(self, event: Exited | Killed) -> None:
        life = self._of.pop(event.tid, None)
        if life is None:
            return
        if isinstance(event, Exited) and event.superseded_by is not None:
            life.alive.discard(event.superseded_by)
            self._of.pop(event.superseded_by, None)
            return
        life.alive.discard(event.tid)
        if event.tid == life.group.tgid or (life.ended is None and not life.alive):
            life.ended = event.seconds
            if isinstance(event, Killed):
                life.signal, life.dumped = event.signal, event.core_dumped
            else:
                life.status = event.status

    def _ordered(self) -> Iterator[ThreadGroup]:
        """Parents first: a child may have been seen before its parent spoke."""
        told: set[ThreadGroup] = set()
        for group in self._lives:
            line: list[ThreadGroup] = []
            one: ThreadGroup | None = group
            while one is not None and one in self._lives and one not in told:
                line.append(one)
                told.add(one)
                one = one.parent
            yield from reversed(line)
