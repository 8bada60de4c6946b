"""Parse a line into a Frame: task, time, and kind of line, from the trees of frame.lark.

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

    __hash__ = object.__hash__  # members are singletons; Enum's own hash is that of the name

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
    """Has a mark that only strace prints, but cannot be parsed."""
    FOREIGN = "foreign"


class End(Enum):
    """How the part of a call on a line ends."""

    RESULT = "result"
    UNFINISHED = "unfinished"
    LOST = "lost"
    """` <unfinished ...>) = ?`: it never returned; the body reads as if it had returned `?`."""
    DETACHED = "detached"
    MOVED = "moved"
    """` <pid changed to N ...>`: it resumes under the tid in `number`."""
    CUT = "cut"
    """It just stops: the rest was printed on another line, or never."""
    INTRUDED = "intruded"
    """Interrupted by one of strace's notices: the rest was printed on another line."""


class Frame(NamedTuple):
    """One line, split into task, time and kind."""

    kind: Kind
    end: End
    tid: int | None
    """None if the line names no task."""
    time: str | None
    seconds: float | None
    """`time` in seconds of the source's clock."""
    name: str
    """The signal, or the call if it is not whole; the name of a whole call is only in `body`."""
    body: bytes
    """A call's text from its name on, the text after `resumed>`, or a signal's details."""
    span: Span
    number: int | None = None
    """Exit status, or the other tid of SUPERSEDED and MOVED, or the task of ATTACHED and DETACHED;
    1 for KILLED with a core dump."""
    command: str | None = None
    """The program name that -Y prints after the tid."""
    lines: int = 1
    """Number of physical lines that this frame accounts for."""
    seam: int = 0
    """For a call that was cut: the offset in `body` where its rest begins."""


_PLAIN = {kind.value: (kind, End.RESULT) for kind in Kind}
_HALVES = {
    f"{kind.value}_{end.value}": (kind, end)
    for kind in (Kind.CALL, Kind.RESUMED, Kind.REST)
    for end in End
}
KINDS = _PLAIN | _HALVES
"""Every rule of frame.lark that names a kind of line, mapped to kind and end."""


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _trimmed(text: bytes) -> str:
    return text.strip(b" ").decode("ascii")


to_tid = Remembered(int).__getitem__
_name = Remembered(_decoded).__getitem__

LEAVES: dict[str, Callable[[bytes], object]] = {
    **dict.fromkeys(("PID", "PID_INSIDE", "TASK", "STATUS"), to_tid),
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
"""Every terminal that frame.lark keeps for a `line`, mapped to the function that converts its
text."""

VARYING = frozenset(
    (
        *("_MARGIN", "_GAP", "_PID_OPEN", "_CONTEXT", "_BRACKET", "_PLUS"),
        *("_OUTPUT_BEFORE", "_ATTACHED", "_LEFT", "_PROCESS", "_RESUMED_OPEN", "_CHANGED"),
        *("_UNFINISHED", "_DETACHED", "_SIGNAL", "_SIGNAL_OLD", "_STOPPED"),
        *("_EXITED", "_KILLED", "_SUPERSEDED"),
    )
)
"""Terminals that frame.lark drops from its trees, and whose text varies or that look at text that
varies."""

_SLOTS = ("tid", "time", "body", "command", "name", "lost", "number")


def _parts(line: Node) -> tuple[object, ...]:
    """Return one part: kind and end of a `line`, and the slots, None if absent."""
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
"""For these lines the whole text is kept, including what looks like a pid or a time."""


_new = tuple.__new__
"""The constructor of a NamedTuple takes three times as long, and one is made for every line."""
_CALL, _RESUMED, _RESULT = Kind.CALL, Kind.RESUMED, End.RESULT
"""Looking up an enum member on its class is slower than a module global."""


@cache
def line_reader() -> Reader:
    """One per process: it learns the shapes of lines, whatever source they come from."""
    return Reader(LEAVES, _teacher, name="lines", types=(Kind, End))


def _teacher() -> Teacher:
    from strace_analyzer.trace.learned.learning import (
        Learner,  # Lark: most runs know every shape already
    )

    return Learner(parser("frame", "line"), LEAVES, _parts, varying=VARYING)


HALF, RESUMED, OTHER = b"half", b"resumed", b""


def key_of(text: bytes) -> bytes:
    """Return a key for `text`; lines with different keys have different shapes."""
    if text.endswith(b"...>"):
        return HALF
    return RESUMED if b" resumed>" in text else OTHER


class FrameDecoder:
    """Makes the frames of one source's lines, in order: the rows of a table follow its header."""

    def __init__(self, clock: Clock) -> None:
        self._read = line_reader().read
        self._seconds = clock.seconds
        self.in_table = False
        """the last line belonged to the table that -c prints"""
        self.shape: Shape | None = None
        """the shape of the last line, if known"""

    def frame(self, line: Line) -> Frame:
        """Return the frame of `line`. Every line has one."""
        source, number, text, is_cut, counts = line
        span = _new(Span, (source, number, number if counts < 2 else number + counts - 1))
        if self.in_table and self._is_row(text):
            return Frame(Kind.TABLE, _RESULT, None, None, None, "", text, span)
        self.shape = None
        reading = self._read(key_of(text), text) if text else None
        if reading is None:  # a blank line; or bytes that no grammar covers
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
        """Return the frame of a line that is no call, or from which a notice was removed."""
        kind, end, tid, time, body, command, name, lost, other = said
        body = (body or b"") + (lost or b"")
        if line.is_cut:
            kind, end, name = self._cut(kind, name, body)
        elif kind in _IN_FULL:
            body = line.text  # what looks like a time may be a number the program printed
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
        """Return the frame fields for a line cut by a notice: always half a call, whatever it looks
        like."""
        if kind is not Kind.RESUMED:
            kind, name = Kind.CALL, body.partition(b"(")[0].decode("latin-1")
        return kind, End.INTRUDED, name


@cache
def call_names() -> frozenset[str]:
    """Return the names of the calls listed in frame.lark."""
    _, _, listed = grammar("frame").partition("\nSYSCALL: ")
    return frozenset(re.findall(r'"([a-z0-9_]+)"', listed))


_NUMBERED = re.compile(r"syscall_0x[0-9a-f]+|\?{3,}")


def is_known(name: str) -> bool:
    """Whether a call of this name may be cut: frame.lark lists it, or strace prints such a name for
    a call that it does not know."""
    return name in call_names() or _NUMBERED.fullmatch(name) is not None
