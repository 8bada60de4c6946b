"""Combine the shapes of a line and of its call into one pattern for lines that are frequent.

The pattern is that of the line, with the call's own expression in place of the line's last hole,
which is the text of the call. A lookahead, `(?=((?>CALL))\\Z)`, first checks that the line's shape
accepts this text there. So a line matches only if both shapes accept their part of it, which makes
the pattern exact (learned/shapes.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from strace_analyzer.trace.decode.frames import LEAVES as FRAME_LEAVES
from strace_analyzer.trace.decode.frames import End, Kind
from strace_analyzer.trace.decode.literals import LEAVES
from strace_analyzer.trace.events import CLONES, EXITS, WRITES
from strace_analyzer.trace.learned.shapes import Shape
from strace_analyzer.trace.learned.template import Hole, Template, TooDeepError
from strace_analyzer.trace.prefilter.sieve import Layout, layout_of
from strace_analyzer.trace.values import plain

_OFTEN = 40
"""Two shapes must meet this often before they get a pattern, which takes as long to make as reading
a hundred lines: fewer slow down short traces, more slow down long ones."""
_MOST = 1000
_MOST_OF_ONE_NAME = 12


class LinePrefix(NamedTuple):
    """What a shape of lines captures, if that is no more than task, time and one text."""

    shape: Shape
    kind: Kind
    end: End
    tid: int
    """The group; 0 if the line names no task."""
    time: int
    """The group; 0 if there is no time."""
    to_time: Callable[[bytes], str]
    name: int
    """The group of a resumed call's name; 0 if there is none."""
    body: int
    """The group of the text."""


class WholeLine(NamedTuple):
    """A pattern of whole calls, and the groups of its match."""

    fullmatch: Callable[[bytes], re.Match[bytes] | None]
    tid: int
    time: int
    to_time: Callable[[bytes], str]
    layout: Layout
    name: str
    parts: tuple[Template, ...]
    body: int


def prefix_of(shape: Shape) -> LinePrefix | None:
    """Return the Prefix of a shape of lines; None if it captures anything else."""
    values: Any = shape.values[0]
    kind, end, tid, time, body, command, name, lost, number = values
    says_more = any(value is not None for value in (command, lost, number))
    if not isinstance(body, Hole) or says_more:
        return None
    holes = [hole for hole in (tid, time, name) if hole is not None]
    if not all(isinstance(hole, Hole) for hole in holes) or not shape.pieces:
        return None
    return LinePrefix(
        shape, kind, end, _group(tid), _group(time),
        str if time is None else FRAME_LEAVES[time.terminal],  # type: ignore[arg-type]
        _group(name), body.number,
    )  # fmt: skip


def _group(hole: Hole | None) -> int:
    return 0 if hole is None else hole.number


class Patterns:
    """The patterns of one process by call name, those that match often first."""

    def __init__(self) -> None:
        self.by_name: dict[bytes, list[WholeLine]] = {}
        self.first_halves: list[LinePrefix] = []
        """`name(args <unfinished ...>`"""
        self.second_halves: list[LinePrefix] = []
        """`<... name resumed>rest`"""
        self._seen: set[Shape] = set()
        self._met: dict[tuple[Shape, Shape], int] = {}

    def seen(self, shape: Shape) -> None:
        """Note a line of this shape: if it is half a call, later ones are recognized by it."""
        if shape not in self._seen:
            self._seen.add(shape)
            prefix = prefix_of(shape)
            if prefix is not None and prefix[1:3] == (Kind.CALL, End.UNFINISHED):
                self.first_halves.append(prefix)
            elif prefix is not None and prefix[1:3] == (Kind.RESUMED, End.RESULT):
                self.second_halves.append(prefix)

    def met(self, line: Shape, call: Shape, text: bytes, name: bytes) -> None:
        """Note that `text` was read by these two shapes; after enough times they get a pattern."""
        times = self._met.get((line, call), 0) + 1
        self._met[line, call] = times
        if times == _OFTEN and len(self._met) < _MOST:
            made = _whole_line(line, call, text, name)
            if made is not None:
                known = self.by_name.setdefault(name, [])
                del known[_MOST_OF_ONE_NAME - 1 :]
                known.append(made)


def _whole_line(line: Shape, call: Shape, text: bytes, name: bytes) -> WholeLine | None:
    prefix = prefix_of(line)
    if prefix is None or not call.pieces or line.last_hole is None or _is_special(call, name):
        return None
    if prefix.kind is not Kind.CALL or prefix.end is not End.RESULT:
        return None
    head, hole = line.expression[: line.last_hole], line.expression[line.last_hole :]
    expression = head + b"(?=" + hole + b"\\Z)" + call.expression
    try:
        parts = tuple(Template(_shifted(value, prefix.body), LEAVES) for value in call.values)
    except TooDeepError:
        return None
    fullmatch = re.compile(expression, re.ASCII).fullmatch
    if fullmatch(text) is None:
        return None
    layout = layout_of(text, 0 if prefix.tid else None)
    return WholeLine(
        fullmatch, prefix.tid, prefix.time, prefix.to_time, layout,
        name.decode("latin-1"), parts, prefix.body,
    )  # fmt: skip


def _is_special(call: Shape, name: bytes) -> bool:
    """Whether its calls mean more than a call: that another task may appear, that this one will
    not, or that something was printed in the middle."""
    text = name.decode("latin-1")
    if text in CLONES or text in EXITS:
        return True
    args: Any = call.values[0]
    if text not in WRITES:
        return False
    last = args[-1] if args else None
    return not (isinstance(last, Hole) and last.terminal == "INTEGER") and not isinstance(
        None if last is None or isinstance(last, Hole) else plain(last), int
    )


def _shifted(value: Any, groups: int) -> Any:
    """Return a template with the group numbers of its holes shifted by `groups`."""
    if isinstance(value, Hole):
        return Hole(value.number + groups, value.terminal)
    if type(value) is tuple:
        return tuple(_shifted(item, groups) for item in value)
    if isinstance(value, tuple):
        return tuple.__new__(type(value), [_shifted(item, groups) for item in value])
    return value
