"""Line -> Frame: who speaks, when, and what kind of line it is, as frame.lark's trees say.

It is long because what frame.lark's rules and terminals mean stands here, and only here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.lines import Line
from strace_analyzer.trace.decode.memo import Remembered
from strace_analyzer.trace.events import Span
from strace_analyzer.trace.learned.grammar import grammar, parser, tree
from strace_analyzer.trace.learned.shapes import Reader, Shape, Teacher
from strace_analyzer.trace.learned.template import Node


class Kind(Enum):
    """What a line is."""

    __hash__ = object.__hash__  # a member is the only one of its kind; Enum hashes its name

    CALL = "call"
    RESUMED = "resumed"
    REST = "rest"
    """The rest of a call whose beginning was cut: `, child_tidptr=0x7f0aa2d4da10) = 674`."""
    SIGNAL = "signal"
    STOPPED = "stopped"
    EXITED = "exited"
    KILLED = "killed"
    SUPERSEDED = "superseded"
    ATTACHED = "attached"
    DETACHED = "detached"
    NOTICE = "notice"
    TABLE = "table"
    STACK = "stack"
    DUMP = "dump"
    SUSPECT = "suspect"
    """Shows a mark that only strace makes, and cannot be read."""
    FOREIGN = "foreign"


class End(Enum):
    """How the part of a call that stands on a line ends."""

    RESULT = "result"
    UNFINISHED = "unfinished"
    LOST = "lost"
    """` <unfinished ...>) = ?`: it never came back; the body reads as if it had given `?`."""
    DETACHED = "detached"
    MOVED = "moved"
    """` <pid changed to N ...>`: it comes back under the number in `number`."""
    CUT = "cut"
    """It just stops: the rest was printed on another line, or never."""
    INTRUDED = "intruded"
    """One of strace's notices stood here: the rest was printed on another line."""


class Frame(NamedTuple):
    """One line, taken apart as far as who, when and what kind."""

    kind: Kind
    end: End
    tid: int | None
    """None where the line names nobody."""
    time: str | None
    seconds: float | None
    """`time` by the source's clock."""
    name: str
    """Of the signal, or of a call that is not whole; that of a whole call stands in `body`."""
    body: bytes
    """A call's text from its name on, what stands behind `resumed>`, a signal's particulars."""
    span: Span
    number: int | None = None
    """Exit status, or the other tid of SUPERSEDED and MOVED, or the task of ATTACHED and DETACHED;
    1 for KILLED with a core dump."""
    command: str | None = None
    """The program that -Y prints behind the tid."""
    lines: int = 1
    """Physical lines that this frame accounts for."""
    seam: int = 0
    """Of a call that was cut: where in `body` its rest begins."""


_PLAIN = {kind.value: (kind, End.RESULT) for kind in Kind}
_HALVES = {
    f"{kind.value}_{end.value}": (kind, end)
    for kind in (Kind.CALL, Kind.RESUMED, Kind.REST)
    for end in End
}
KINDS = _PLAIN | _HALVES
"""Every rule of frame.lark that says what a line is -> kind and end."""


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _trimmed(text: bytes) -> str:
    return text.strip(b" ").decode("ascii")


_tid = Remembered(int).__getitem__
_name = Remembered(_decoded).__getitem__

LEAVES: dict[str, Callable[[bytes], object]] = {
    **dict.fromkeys(("PID", "PID_INSIDE", "TASK", "STATUS"), _tid),
    **dict.fromkeys(("CLOCK", "EPOCH"), bytes.decode),
    **dict.fromkeys(("DELTA", "DELTA_SECONDS", "DELTA_SECONDS_BARE"), _trimmed),
    **dict.fromkeys(("NAME", "SIGNAL"), _name),
    "COMMAND": lambda text: _decoded(text[1:-1]),
    "CORE": lambda text: 1,
    **dict.fromkeys(
        (
            *(
                "CALL",
                "CALL_HALF",
                "CALL_CUT",
                "TAIL",
                "TAIL_HALF",
                "TAIL_CUT",
                "REST",
                "REST_HALF",
            ),
            *("LOST", "INFO", "NOTICE", "SUSPECT", "OTHER", "STACK", "DUMP", "TABLE_HEAD"),
        ),
        bytes,
    ),
}
"""Every terminal that frame.lark keeps for a `line` -> the function that reads its text."""

VARYING = frozenset(
    (
        *("_MARGIN", "_GAP", "_PID_OPEN", "_CONTEXT", "_BRACKET", "_PLUS"),
        *("_OUTPUT_BEFORE", "_ATTACHED", "_LEFT", "_PROCESS", "_RESUMED_OPEN", "_CHANGED"),
        *("_UNFINISHED", "_DETACHED", "_SIGNAL", "_SIGNAL_OLD", "_STOPPED"),
        *("_EXITED", "_KILLED", "_SUPERSEDED"),
    )
)
"""Terminals that frame.lark leaves out of its trees, and that vary, or look at text that varies."""

_SLOTS = ("tid", "time", "body", "command", "name", "lost", "number")


def _parts(line: Node) -> tuple[object, ...]:
    """One part: kind and end of a `line`, and the slots, None where absent."""
    slots: dict[str, object] = {}
    rule = ""
    for child in line.children:
        if child.data in _SLOTS:
            slots[child.data] = child.children[0]
        else:
            rule = str(child.data)
            slots.update((part.data, part.children[0]) for part in child.children)
    return ((*KINDS[rule], *(slots.get(slot) for slot in _SLOTS)),)


_IN_FULL = frozenset((Kind.FOREIGN, Kind.SUSPECT, Kind.NOTICE))
"""Of these lines the whole is kept, also what looks like a pid or a time before it."""


_new = tuple.__new__
"""A NamedTuple's own constructor takes three times as long, and these are made of every line."""
_CALL, _RESUMED, _RESULT = Kind.CALL, Kind.RESUMED, End.RESULT
"""To ask a class for one of its members takes longer than to ask the module."""


@cache
def line_reader() -> Reader:
    """One per process: it learns the shapes of lines, whichever source they stand in."""
    return Reader(LEAVES, _teacher, name="lines", types=(Kind, End))


def _teacher() -> Teacher:
    from strace_analyzer.trace.learned.learning import (
        Learner,  # Lark: most runs know every shape already
    )

    return Learner(parser("frame", "line"), LEAVES, _parts, varying=VARYING)


HALF, RESUMED, OTHER = b"half", b"resumed", b""


def key_of(text: bytes) -> bytes:
    """Lines with different keys are of different shapes."""
    if text.endswith(b"...>"):
        return HALF
    return RESUMED if b" resumed>" in text else OTHER


class Frames:
    """Makes frames of one source's lines, in order: below the header of a table stand its rows."""

    def __init__(self, clock: Clock) -> None:
        self._read = line_reader().read
        self._seconds = clock.seconds
        self.in_table = False
        """the last line was one of the table that -c prints"""
        self.shape: Shape | None = None
        """of the last line, if that was known"""

    def frame(self, line: Line) -> Frame:
        """What `line` is. Every line is something."""
        source, number, text, is_cut, counts = line
        span = _new(Span, (source, number, number if counts < 2 else number + counts - 1))
        if self.in_table and self._is_row(text):
            return Frame(Kind.TABLE, _RESULT, None, None, None, "", text, span)
        self.shape = None
        reading = self._read(key_of(text), text) if text else None
        if reading is None:  # a blank line; and no grammar covers every byte sequence
            return Frame(Kind.FOREIGN, _RESULT, None, None, None, "", text, span, lines=counts)
        shape, match = reading
        self.shape = shape if match else None
        said = shape.parts[0].fill(match)
        kind, end, tid, time, body, command, name, lost, other = said
        if is_cut or (kind is not _CALL and kind is not _RESUMED):
            return self._mark(line, span, said)
        if kind is _CALL:
            name = "" if end is _RESULT else _name(body[: body.index(b"(")])
        if lost:
            body = (body or b"") + lost
        seconds = None if time is None else self._seconds(time)
        return _new(
            Frame,
            (kind, end, tid, time, seconds, name, body or b"", span, other, command, counts, 0),
        )

    def _mark(self, line: Line, span: Span, said: tuple[Any, ...]) -> Frame:
        """A line that is no call, or one out of which a notice was taken."""
        kind, end, tid, time, body, command, name, lost, other = said
        body = (body or b"") + (lost or b"")
        if line.is_cut:
            kind, end, name = self._cut(kind, name, body)
        elif kind in _IN_FULL:
            body = line.text  # what looks like a time may be a number of the program's own
            time = time if kind is Kind.NOTICE else None
        elif kind is Kind.TABLE:
            self.in_table = True
        seconds = None if time is None else self._seconds(time)
        name = name or ""
        return Frame(kind, end, tid, time, seconds, name, body, span, other, command, line.counts)

    def _is_row(self, text: bytes) -> bool:
        row = tree("frame", "row", text)
        self.in_table = row is not None and row.data != "last_row"
        return row is not None

    @staticmethod
    def _cut(kind: Kind, name: str | None, body: bytes) -> tuple[Kind, End, str | None]:
        """A line that was cut by a notice is half a call, whatever its half looks like."""
        if kind is not Kind.RESUMED:
            kind, name = Kind.CALL, body.partition(b"(")[0].decode("latin-1")
        return kind, End.INTRUDED, name


@cache
def call_names() -> frozenset[str]:
    """The calls that frame.lark knows by their names."""
    _, _, listed = grammar("frame").partition("\nSYSCALL: ")
    return frozenset(re.findall(r'"([a-z0-9_]+)"', listed))


_NUMBERED = re.compile(r"syscall_0x[0-9a-f]+|\?{3,}")


def is_known(name: str) -> bool:
    """A call of this name may be cut: frame.lark knows it, or strace prints it of a call that it
    does not know."""
    return name in call_names() or _NUMBERED.fullmatch(name) is not None
