"""Takes a rule that a user wrote, gives the same rule with words that cannot break a report: if one
of its texts fails, its docstring is used instead, and the failure is recorded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from strace_analyzer.faults import Guard
from strace_analyzer.findings import Finding
from strace_analyzer.rules.engine import RuleFailure
from strace_analyzer.rules.rule import Rule
from strace_analyzer.rules.words import Advice, Case, Figures


def spoken(rule: type[Rule], failures: list[RuleFailure]) -> type[Rule]:
    """`rule` with words that raise nothing; the first error of each rule is added to `failures`."""
    words: dict[str, Callable[..., object]] = {
        "summary": _text,
        "together": _text,
        "why": _texts,
        "advice": _advice,
        "remark": _text,
        "lists_destinations": bool,
        "figures": _figures,
    }
    guarded = {
        name: classmethod(_guarded(rule, name, checked, failures))
        for name, checked in words.items()
    }
    kept = {"__doc__": rule.__doc__, "__module__": rule.__module__, "title": _title(rule)}
    return cast("type[Rule]", type(rule.__name__, (rule,), {**guarded, **kept}))


def rehearse(rule: type[Rule], case: Case) -> None:
    """Have `rule` say all that any report may ask of it, so that failures are known in time."""
    rule.why(case)
    rule.lists_destinations(case)
    rule.figures(case)
    rule.together(1, case.group.count, case.group.count)
    for call in case.sample.trail:
        rule.remark(call, case.sample)


def _guarded(
    rule: type[Rule],
    name: str,
    checked: Callable[..., object],
    failures: list[RuleFailure],
) -> Callable[..., object]:
    def say(cls: type[Rule], *asked: Any) -> object:
        guard = Guard()
        with guard:
            return checked(getattr(rule, name)(*asked))
        _note(rule.id, name, asked, guard.error or "", failures)
        return checked(getattr(Rule, name).__func__(cls, *asked))

    return say


def _note(
    rule: str, name: str, asked: tuple[object, ...], error: str, failures: list[RuleFailure]
) -> None:
    if any(failure.rule == rule for failure in failures):
        return
    first = asked[-1]
    sample = first.sample if isinstance(first, Case) else first
    at = sample.at if isinstance(sample, Finding) else None
    source, line = ("", 0) if at is None else (at.source, at.line)
    failures.append(RuleFailure(rule, source, line, f"{name}(): {error}"))


def _title(rule: type[Rule]) -> str:
    title: object = getattr(rule, "title", None)
    return title if isinstance(title, str) else rule.id


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise TypeError(f"not a text: {said!r}")
    return said


def _texts(said: Iterable[object]) -> tuple[str, ...]:
    if isinstance(said, str):
        raise TypeError("one text, and not several")
    return tuple(map(_text, said))


def _advice(said: object) -> Advice:
    if not isinstance(said, Advice):
        raise TypeError(f"not an Advice: {said!r}")
    return said


def _figures(said: Iterable[Figures]) -> tuple[Figures, ...]:
    return tuple(said)
