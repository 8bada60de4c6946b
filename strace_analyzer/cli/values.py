"""What the values of the options can be, and how they are read: text in, what it means out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strace_analyzer.errors import ConfigurationError

_LONGEST_NUMBER = 18
"""digits; int() itself refuses thousands"""


def is_piped(traces: Sequence[str] | None) -> bool:
    """Standard input is the only trace."""
    return list(traces or ["-"]) == ["-"]


def port_range(text: str | None, option: str = "--port-range") -> tuple[int, int] | None:
    """`32768-60999` as two numbers. Raises ConfigurationError for anything that is no range of
    ports, naming the `option`."""
    if text is None:
        return None
    low, dash, high = text.replace(" ", "").partition("-")
    if dash and _is_number(low) and _is_number(high) and 1 <= int(low) <= int(high) <= 65535:
        return int(low), int(high)
    raise ConfigurationError(f"{option} {text}: not two ports, LO-HI, such as 32768-60999")


def whole_number(text: str | None, option: str, least: int = 0) -> int | None:
    """A number typed after `option`. Raises ConfigurationError for what is none, or is too
    small."""
    if text is None:
        return None
    if _is_number(text) and int(text) >= least:
        return int(text)
    raise ConfigurationError(f"{option} {text}: not a whole number from {least} on")


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _LONGEST_NUMBER


def whole_numbers(texts: Sequence[str] | None, option: str) -> tuple[int, ...]:
    """The numbers typed after a repeated `option`. Raises ConfigurationError as whole_number."""
    found = (whole_number(text, option) for text in texts or ())
    return tuple(number for number in found if number is not None)


def path(text: str | None) -> Path | None:
    """The file named, if any."""
    return None if text is None else Path(text)
