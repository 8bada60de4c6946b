"""Find out which clone-like call created the task of each file of a `strace -ff` trace.

Runs before anything else is read: no child's file may begin before the call that created it.
"""

from __future__ import annotations

from collections.abc import Sequence

from strace_analyzer.faults import Guard
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import FrameDecoder, Kind
from strace_analyzer.trace.decode.lines import lines
from strace_analyzer.trace.events import CLONES
from strace_analyzer.trace.input.accounting import Accounting, blocks_of
from strace_analyzer.trace.input.content import SMALL_BLOCK, rows
from strace_analyzer.trace.input.source import SourceInput

_NAMES = (b"clone", b"fork(")

Place = tuple[int, int]
"""Source and line of a clone-like call."""


def births(sources: Sequence[SourceInput], calls: CallParser) -> dict[Place, int]:
    """Map the call that created each child to the child's source. Sources are in order of tids."""
    by_tid = {source.tid: index for index, source in enumerate(sources)}
    made: dict[Place, int] = {}
    foreign: dict[int, list[Place]] = {}
    """births whose number is that of no source: number -> their places"""
    for index, source in enumerate(sources):
        for line, number in _clones(index, source, calls):
            child = by_tid.get(number)
            if child is not None and child != index:
                made[index, line] = child
            else:
                foreign.setdefault(number, []).append((index, line))
    return made | _paired(foreign, [i for i in range(len(sources)) if i not in made.values()])


def _clones(index: int, source: SourceInput, calls: CallParser) -> list[tuple[int, int]]:
    """Return line and result of each call in a source that created a task."""
    found = []
    frames = FrameDecoder(Clock())
    account = Accounting(source.name)
    for block in blocks_of(source, account, SMALL_BLOCK):
        shown = rows(block) if any(name in block for name in _NAMES) else []
        for number, raw in enumerate(shown, account.lines + 1):
            if any(name in raw for name in _NAMES):
                with Guard():  # reported when it is read
                    frame = frames.frame(lines(index, number, raw)[0])
                    call = calls.whole(frame.body) if frame.kind is Kind.CALL else None
                    made = call.result.value if call is not None and call.name in CLONES else None
                    if made is not None and made > 0:
                        found.append((number, made))
        account.lines += block.count(b"\n")
    return found


def _paired(foreign: dict[int, list[Place]], unnamed: list[int]) -> dict[Place, int]:
    """Pair the births of one other PID namespace with the unnamed sources, of which the first is
    nobody's child.

    Numbers are assigned in order of birth in every namespace (pid_namespaces(7)), so the order of
    the children's numbers there is that of their files.
    """
    children = unnamed[1:]
    if len(foreign) != len(children) or any(len(places) > 1 for places in foreign.values()):
        return {}
    return {
        foreign[number][0]: child for number, child in zip(sorted(foreign), children, strict=True)
    }
