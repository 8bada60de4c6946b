"""Fit the parts of a page into a number of lines, by choosing a shorter form of some of them.

The least informative parts are shortened first; if room is left afterwards, the most informative
ones are restored first. Nothing is dropped silently: a shorter form says how much more there is,
and parts left out entirely are named in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import cached_property

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.report.text.console import height
from strace_analyzer.report.text.style import FAINT

Form = tuple[RenderableType, ...]


class Loss(IntEnum):
    """What is lost when a part takes its next form; the least is given up first."""

    MORE_CAUSES = 0
    MORE_PROGRAMS = 5
    MORE_FAILURES = 10
    MORE_HINTS = 20
    MORE_DESTINATIONS = 25
    MORE_CALLS = 30
    REASON = 35
    FIGURES = 40
    PORTS = 45
    MORE_NOTES = 50
    FAILURES = 55
    FEW_DESTINATIONS = 60
    FEW_PROGRAMS = 62
    SECOND_CAUSE = 64
    CALLS = 65
    COMMAND_LINE = 70
    MORE_DOUBTS = 75
    MORE_ADVICE = 80
    MEANING = 85
    QUOTES = 90
    PROGRAMS = 95
    HINTS = 100
    FEW_DOUBTS = 110
    PROOF = 115
    DESTINATIONS = 120


class Part:
    """A part of the page: `forms` from the longest to the shortest, what each step to the next
    loses (`losses`), and the name used if its last form, which is empty, is chosen. `unsaid` names,
    for each step, what the shorter form leaves out without naming it. `before` is the number of
    causes above it: what those lose counts for a little more."""

    def __init__(
        self, *forms: Iterable[RenderableType], losses: Sequence[int] = (), name: str = "",
        before: int = 0, unsaid: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.forms: tuple[Form, ...] = tuple(tuple(form) for form in forms)
        self.losses = tuple(step - 12 * before for step in losses)
        self.name = name
        self._unsaid = unsaid
        assert len(self.losses) == len(self.forms) - 1, (name, self.forms)

    def left_out(self, at: int) -> str:
        """What its form `at` neither shows nor names; "" for nothing."""
        if self._unsaid and at > 0:
            return self._unsaid[at - 1]
        return self.name if at > 0 and not self.forms[at] else ""


class _Measured:
    """The forms of a part with their heights, each measured once and on demand."""

    def __init__(self, part: Part, width: int) -> None:
        self.part, self.width, self.at = part, width, 0
        self._heights: dict[int, int] = {}

    def height(self, at: int) -> int:
        if at not in self._heights:
            self._heights[at] = height(self.part.forms[at], self.width)
        return self._heights[at]

    @property
    def left_out(self) -> str:
        return self.part.left_out(self.at)

    @cached_property
    def steps(self) -> list[tuple[int, int]]:
        return [(loss, at + 1) for at, loss in enumerate(self.part.losses)]


def whole(parts: Sequence[Part]) -> list[RenderableType]:
    """Return everything in full, whatever the height."""
    return [block for part in parts for block in part.forms[0]]


def fitted(
    parts: Sequence[Part], below: Sequence[Part], lines: int, width: int
) -> tuple[list[RenderableType], bool]:
    """Return the blocks of `parts`, a line that names those left out, and the blocks of `below`,
    within `lines`; and whether they fit."""
    every = [_Measured(part, width) for part in (*parts, *below)]

    def total() -> int:
        notice = height(_notice(every), width)
        return notice + sum(one.height(one.at) for one in every)

    steps = sorted(
        ((loss, number, to) for number, one in enumerate(every) for loss, to in one.steps),
        key=lambda step: (step[0], -step[1], step[2]),
    )
    taken: list[tuple[int, int]] = []
    for _, number, to in steps:
        if total() <= lines:
            break
        every[number].at = to
        taken.append((number, to))
    for number, to in reversed(taken):
        one = every[number]
        if one.at == to:
            one.at = to - 1
            if total() > lines:
                one.at = to
    blocks = [block for one in every[: len(parts)] for block in one.part.forms[one.at]]
    blocks += _notice(every)
    blocks += [block for one in every[len(parts) :] for block in one.part.forms[one.at]]
    if total() <= lines:
        return blocks, True
    dense = [block for block in blocks if not (isinstance(block, Text) and not block.plain)]
    return dense, height(dense, width) <= lines


def _notice(every: Iterable[_Measured]) -> list[RenderableType]:
    """Return `Not shown: local ports, calls that failed: --all`."""
    names = list(dict.fromkeys(one.left_out for one in every if one.left_out))
    return [Text(f"Not shown: {', '.join(names)}: --all", style=FAINT)] if names else []
