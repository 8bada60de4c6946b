"""Parse `--since` and `--until` into moments that can be compared with a finding's calls.

A moment can be given in the three forms that strace prints: `14:02:11.3` (-t, -tt), `1709301662.4`
(-ttt), and `+3.5` or `+3.5s`, from the start of the trace (any trace with times, also -r; units
other than seconds must be given: `+500ms`, `+5m`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import CallRecord, Finding

_DAY = 86_400.0
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$")
_SECONDS = re.compile(r"(\+?)(\d+(?:\.\d+)?)$")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(us|ms|s|m|min|h|)")
_UNITS = {"us": 0.000_001, "ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_EPOCH_FROM = 1e8
"""smaller numbers cannot be seconds since 1970 that strace has seen"""


class Moment(NamedTuple):
    """A moment in one or more forms, in seconds; None if it is unknown in that form."""

    elapsed: float | None = None
    """since the start of the trace"""
    clock: float | None = None
    """since midnight"""
    epoch: float | None = None

    def before(self, other: Moment) -> bool:
        """True if this is earlier than `other`; False if the two cannot be compared."""
        return self._difference(other) < 0

    def after(self, other: Moment) -> bool:
        """True if this is later than `other`; False if the two cannot be compared."""
        return self._difference(other) > 0

    def _difference(self, other: Moment) -> float:
        if self.epoch is not None and other.epoch is not None:
            return self.epoch - other.epoch
        if self.clock is not None and other.clock is not None:
            return self._past_midnight(other.clock)
        if self.elapsed is not None and other.elapsed is not None:
            return self.elapsed - other.elapsed
        return 0.0

    def _past_midnight(self, asked: float) -> float:
        """Adjust a time of day for a trace that may run past midnight: it means the one within
        twelve hours of the start of the trace, or later in a trace longer than that."""
        assert self.clock is not None
        elapsed = self.elapsed or 0.0
        start = (self.clock - elapsed) % _DAY
        offset = (asked - start) % _DAY
        if offset > _DAY / 2 and elapsed < _DAY / 2:
            offset -= _DAY
        return elapsed - offset


def parse_duration(text: str) -> float:
    """Parse `30s`, `5m`, `1h`, `500ms`, or seconds. Raises ConfigurationError for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"{text}: no duration, such as 30s, 5m or 1h")
    return float(match[1]) * _UNITS[match[2]]


def parse_moment(text: str) -> Moment:
    """Parse the value of `--since` or `--until`. Raises ConfigurationError if it is no time."""
    match = _CLOCK.match(text)
    if match and int(match[1]) < 24 and int(match[2]) < 60:
        return Moment(clock=int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0))
    match = _SECONDS.match(text)
    if match and not match[1] and float(match[2]) >= _EPOCH_FROM:
        return Moment(epoch=float(match[2]))
    if text.startswith("+") and _DURATION.fullmatch(text[1:]):
        return Moment(elapsed=parse_duration(text[1:]))
    raise ConfigurationError(
        f"{text!r} is no time: use 14:02:11.3, 1709301662.4, or +3.5s (from the beginning)"
    )


def of_finding(finding: Finding) -> Moment | None:
    """Return when the finding's binding was made (or its first call); None without times."""
    for role in ("bind", "connect", "socket"):
        record = finding.calls.get(role)
        if record is not None and record.seconds is not None:
            return of_call(record)
    return None


def of_call(record: CallRecord) -> Moment:
    """Return when a call began, in every form that its trace allows."""
    printed = record.time or ""
    match = _CLOCK.match(printed)
    if match:
        clock = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0)
        return Moment(elapsed=record.seconds, clock=clock)
    match = _SECONDS.match(printed)
    if match and float(match[2]) >= _EPOCH_FROM:
        return Moment(elapsed=record.seconds, epoch=float(match[2]))
    return Moment(elapsed=record.seconds)
