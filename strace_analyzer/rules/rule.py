"""What a rule is: a class that looks at Steps and yields Findings; what it shares with all others is here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

from strace_analyzer.findings import Confidence, Finding, Level, Summary
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, build


class Example(NamedTuple):
    """A named piece of strace output that documents a rule and tests it.

    In `trace`, a line that ends in ` #!` must be the bind line (or, for other rules, the line a finding
    stands at) of a finding of this rule; no other line may be. The mark is cut off before parsing.
    """

    name: str
    trace: str

    @property
    def lines(self) -> list[str]:
        """The lines of strace output, without marks."""
        return [line.removesuffix(" #!") for line in self._raw()]

    @property
    def flagged_lines(self) -> list[int]:
        """The 1-based numbers of the marked lines."""
        return [number for number, line in enumerate(self._raw(), 1) if line.endswith(" #!")]

    def _raw(self) -> list[str]:
        return [line.strip() for line in self.trace.strip().splitlines()]


class Flagged(Example):
    """An example in which the rule must find something, on the marked lines."""


class Clean(Example):
    """An example in which the rule must find nothing."""


class Rule(ABC):
    """Base of all rules. One instance follows one trace.

    A rule file holds one subclass with `id`, a docstring with the five sections, `level` (the one that
    is shown before the trace has ended), `step`, and `examples`. Override `close` to report what only
    the end of the trace shows, and `judge` to set level and confidence when everything is known.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    """what it flags, in a few words"""
    level: ClassVar[Level] = Level.NOTE
    roles: ClassVar[frozenset[str] | None] = None
    """the roles of the steps that `step` is given, None for every step"""
    examples: ClassVar[tuple[Example, ...]] = ()
    file: ClassVar[str | None] = None
    """the rule file that it was loaded from, None for a rule of a package"""

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    def step(self, step: Step) -> Iterable[Finding]:
        """Findings that `step` completes. The same finding again (same id) replaces the earlier one."""

    def close(self) -> Iterable[Finding]:
        """Findings that only the end of the trace completes."""
        return ()

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        """`finding` with its final level and confidence."""
        return finding

    def finding(
        self,
        step: Step,
        socket: Socket,
        *,
        at: str = "bind",
        confidence: Confidence = Confidence.CERTAIN,
        cause: str | None = None,
        without_bind: str | None = None,
        ended: bool = False,
    ) -> Finding:
        """A finding about `socket`, standing at its first call with role `at` (else at the step's).

        `ended` says that the binding was given up with this step: `held_seconds` ends here.
        """
        return build(
            self.context, self.id, self.level, step, socket,
            at=at, confidence=confidence, cause=cause, without_bind=without_bind, ended=ended,
        )  # fmt: skip


def documentation(rule: type[Rule]) -> str:
    """The docstring of `rule`, indentation removed."""
    from inspect import cleandoc

    return cleandoc(rule.__doc__ or "")


def sections(rule: type[Rule]) -> Iterator[tuple[str, str]]:
    """(heading, text) of the five sections of the rule's docstring, in order."""
    heading, lines = "", list[str]()
    for line in documentation(rule).splitlines():
        if line.endswith(":") and line[:-1] in HEADINGS:
            if heading:
                yield heading, "\n".join(lines).strip()
            heading, lines = line[:-1], []
        else:
            lines.append(line.removeprefix("    "))
    if heading:
        yield heading, "\n".join(lines).strip()


HEADINGS = (
    "What it flags",
    "Why it matters",
    "What to do instead",
    "When it is fine",
    "References",
)
