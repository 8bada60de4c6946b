"""Redact a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from strace_analyzer.report.cause import Cause
from strace_analyzer.report.compare import Comparison, Side, obstacle
from strace_analyzer.report.redaction.values import Values

T = TypeVar("T")


def hidden(made: Comparison, values: Values) -> Comparison:
    """Return the redacted comparison."""
    before, after = _side(made.before, values), _side(made.after, values)
    changes = tuple(item._replace(cause=_cause(item.cause, values)) for item in made.changes)
    why_not = None if made.obstacle is None else obstacle(before, after)
    return made._replace(before=before, after=after, changes=changes, obstacle=why_not)


def _side(side: Side, values: Values) -> Side:
    return replace(
        side,
        name=values.source(side.name),
        counts=_by_cause(side.counts, values),
        failed=_by_cause(side.failed, values),
        levels=_by_cause(side.levels, values),
    )


def _by_cause(counted: Mapping[Cause, T], values: Values) -> dict[Cause, T]:
    return {_cause(cause, values): item for cause, item in counted.items()}


def _cause(cause: Cause, values: Values) -> Cause:
    address, space, port = cause.destination.partition(" ")
    program = cause.program if cause.program == "?" else values.command(cause.program)
    return cause._replace(program=program, destination=values.address(address) + space + port)
