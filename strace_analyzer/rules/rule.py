"""What a rule is: a class that takes Steps, gives Findings and the words for them; what all rules
share.

It is long because every default stands here, beside the attribute that a rule sets instead.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

from strace_analyzer.findings import CallRecord, Confidence, Detail, Finding, Level, Summary
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.plain import count
from strace_analyzer.rules.evidence import Context, Draft, Found, first, process_ref, proof
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.words import Advice, Case, Figures


class Example(NamedTuple):
    """A named piece of strace output that documents a rule and tests it.

    In `trace`, a line that ends in ` #!` must be the bind line (or, for other rules, the line at
    which a finding is reported) of a finding of this rule; no other line may be. The mark is
    removed before parsing. `port_range` is the ephemeral range (low, high), if the example needs
    one other than the default.
    """

    name: str
    trace: str
    port_range: tuple[int, int] | None = None

    @property
    def title(self) -> str:
        """Its name, with the port range if it has one of its own."""
        if self.port_range is None:
            return self.name
        low, high = self.port_range
        return f"{self.name} (--port-range {low}-{high})"

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

    A rule file holds one subclass with `id`, a docstring with the five sections, `level`, `step`,
    and `examples`. Override `close` to report what only the end of the trace shows, and `judge` to
    set level and confidence when everything is known.

    Its words come from its docstring and title; override `summary`, `why`, `advice`, `remark` and
    `figures` to say it better. They are called on the class, when the trace is over.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    """what it flags, in a few words"""
    level: ClassVar[Level] = Level.NOTE
    least: ClassVar[Level | None] = None
    """the lowest level that `judge` can give; it is shown until the trace ends, so that what was
    reported as a warning does not end as a note. None if `level` is the lowest"""
    roles: ClassVar[frozenset[str] | None] = None
    """the roles of the steps that `step` receives, None for every step"""
    bindings: ClassVar[frozenset[Binding | None] | None] = None
    """the socket's bindings before those steps; None as a member means that it was just made or
    first seen, None as the whole means any binding"""
    incoming: ClassVar[bool] = True
    """whether `step` receives those of connections made by accept()"""
    examples: ClassVar[tuple[Example, ...]] = ()
    leads: ClassVar[bool] = False
    """its notes are shown in full if nothing worse was found"""
    is_failure: ClassVar[bool] = False
    """its findings are calls that failed: they come before what made them fail"""
    counts_ports: ClassVar[bool] = False
    """its page shows what bind() with port 0 cost in local ports"""
    things: ClassVar[str] = "finding"
    """what one of its findings is, for counting: `connection`"""
    counted: ClassVar[str] = "TIMES"
    """the heading of the column that counts findings by destination"""
    apart: ClassVar[str | None] = None
    """the name of a detail that must be equal within a group: a sentence that names a port is about
    no other"""
    file: ClassVar[str | None] = None
    """the rule file that it was loaded from, None for a rule of a package"""

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    def step(self, step: Step) -> Iterable[Found]:
        """Findings that `step` completes, or drafts of them. One with an id that was given before
        replaces the earlier one."""

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
        details: tuple[tuple[str, Detail], ...] = (),
    ) -> Finding:
        """A finding about `socket`, reported at its first call with role `at` (else at the step's).

        `ended` says that the binding was given up with this step: `held_seconds` ends here.
        `details` are what else the rule knows, by name: reports in JSON show them.
        """
        draft = self.draft(step, socket, at=at, ended=ended)
        return draft._replace(
            confidence=confidence, cause=cause, without_bind=without_bind, details=details
        ).finding()

    def draft(self, step: Step, socket: Socket, *, at: str = "bind", ended: bool = False) -> Draft:
        """The same as `finding`, made when it is read: `step` may give it instead, for a socket
        that many steps change."""
        trail = proof(step, socket)
        anchor = first(trail, at)
        return Draft(
            self.context,
            self.id,
            self.level if self.least is None else self.least,
            step,
            socket,
            trail,
            anchor,
            process_ref(self.context, step.description.group, anchor.call.tid or None),
            ended,
        )

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        """The finding in one line, without the level: who does what, how often, of how many."""
        return f"{case.who}: {cls.title}{case.times}"

    @classmethod
    def together(cls, processes: int, findings: int, connections: int) -> str:
        """The findings of many processes in one line; `connections` is how many were judged."""
        made = count(findings, cls.things)
        return f"{made} in {count(processes, 'process', 'processes')}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        """Why it matters, in two sentences at most: by default the first two of its section."""
        return tuple(_sentences(cls, "Why it matters")[:2])

    @classmethod
    def advice(cls, case: Case) -> Advice:
        """What to do: by default the section `What to do instead`."""
        return Advice("", tuple(_sentences(cls, "What to do instead")))

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        """A few words beside a call of the proof, or "" if it speaks for itself."""
        return remark(record, finding)

    @classmethod
    def lists_destinations(cls, case: Case) -> bool:
        """Whether its page has the table of destinations."""
        return True

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        """Tables for its page, below the one of destinations."""
        return ()


def documentation(rule: type[Rule]) -> str:
    """The docstring of `rule`, without indentation."""
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


def _sentences(rule: type[Rule], heading: str) -> list[str]:
    """The sentences of a section: a full stop, then a capital letter."""
    text = " ".join(dict(sections(rule)).get(heading, "").split())
    return re.split(r"(?<=[.;!?]) (?=[A-Z])", text) if text else []


HEADINGS = (
    "What it flags",
    "Why it matters",
    "What to do instead",
    "When it is fine",
    "References",
)
