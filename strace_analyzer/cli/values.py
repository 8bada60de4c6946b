"""What the values of the options can be, and how they are read: text in, what it means out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from strace_analyzer.errors import ConfigurationError


class LevelName(StrEnum):
    """The levels by name."""

    note = "note"
    warning = "warning"
    error = "error"


class ReportFormat(StrEnum):
    """The forms of the report."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    concise = "concise"


def is_piped(traces: Sequence[str] | None) -> bool:
    """Standard input is the only trace."""
    return list(traces or ["-"]) == ["-"]


def port_range(text: str | None, option: str = "--port-range") -> tuple[int, int] | None:
    """`32768-60999` as two numbers. Raises ConfigurationError for anything that is no range of
    ports, naming the `option`."""
    if text is None:
        return None
    low, dash, high = text.replace(" ", "").partition("-")
    if dash and low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= 65535:
        return int(low), int(high)
    raise ConfigurationError(f"{option} {text}: not two ports, LO-HI, such as 32768-60999")


def numbers(values: Sequence[int] | None) -> frozenset[int]:
    """A repeatable option's values as a set."""
    return frozenset(values or ())
