"""The digest of a trace: a few kilobytes that a merged report keeps of it.

A digest is plain data: it is pickled between processes and stored as JSON (`as_json`, `of_json`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from strace_analyzer.report.grounds import Grounds, decide

SCHEMA = 2
"""version of digests; increased whenever their content changes"""


class CauseKey(NamedTuple):
    """What findings of different traces have in common: never a pid, a line or a host."""

    level: int
    rule: str
    program: str
    site: str
    """the stack frame that made the call (-k); "" if unknown"""
    cause: str
    """a word of the rule; "" if it gives none"""


class CauseDigest(NamedTuple):
    """The findings of one cause in one trace."""

    key: CauseKey
    findings: int
    probable: int
    connected: int
    failed: int
    processes: int
    destinations: tuple[tuple[str, int], ...]
    """where the findings went: `192.0.2.7:80` and how many"""
    at: str
    """FILE:LINE of the example"""
    line: int
    message: str
    advice: str
    proof: tuple[tuple[int, str], ...]
    """lines and calls of the example"""


class CommandDigest(NamedTuple):
    """What the processes of one program did."""

    program: str
    processes: int
    sockets: int
    connections: int
    early_bound: int
    failed: int


class FailureDigest(NamedTuple):
    """Socket calls that failed in the same way."""

    call: str
    errno: str
    explanation: str
    times: int
    at: str


class Remark(NamedTuple):
    """Something that the trace does not tell."""

    code: str
    effect: str
    times: int
    message: str
    remedy: str


class DestinationDigest(NamedTuple):
    """Destination of connections."""

    address: str
    port: int
    protocol: str
    connections: int
    early_bound: int


@dataclass(frozen=True, slots=True)
class TraceDigest:
    """Everything kept of a trace. `refused` says why it could not be read; `unmatched` that it
    contains nothing that was asked for, in the words of the error that a single trace would
    give."""

    name: str
    grounds: Grounds
    clock: str = "none"
    began: float | None = None
    """seconds since 1970, with an epoch clock"""
    seconds: float | None = None
    day: str | None = None
    """the day the trace began"""
    lines: int = 0
    calls: int = 0
    unparsed: int = 0
    size: int = 0
    """bytes of its files as stored; 0 if not known"""
    causes: tuple[CauseDigest, ...] = ()
    commands: tuple[CommandDigest, ...] = ()
    destinations: tuple[DestinationDigest, ...] = ()
    more_destinations: int = 0
    failures: tuple[FailureDigest, ...] = ()
    remarks: tuple[Remark, ...] = ()
    pinned: int = 0
    needed: int = 0
    """the most ports needed at one time"""
    refused: str | None = None
    unmatched: str | None = None
    complaints: tuple[str, ...] = ()
    """failures of ours or of a rule"""

    @property
    def verdict(self) -> str:
        """The verdict, as if the trace had been checked alone."""
        return "refused" if self.refused is not None else decide(self.grounds)[0]

    def as_json(self) -> dict[str, Any]:
        """Return data for `json.dumps`."""
        return asdict(self)


def of_json(said: dict[str, Any]) -> TraceDigest:
    """Return the digest from the data of `as_json`. Raises TypeError or KeyError if it is not
    one."""
    levels, *rest = said["grounds"]
    return TraceDigest(
        **{
            **said,
            "grounds": Grounds(tuple(levels), *rest),
            "causes": tuple(map(_cause, said["causes"])),
            "commands": tuple(CommandDigest(*item) for item in said["commands"]),
            "destinations": tuple(DestinationDigest(*item) for item in said["destinations"]),
            "failures": tuple(FailureDigest(*item) for item in said["failures"]),
            "complaints": tuple(said["complaints"]),
            "remarks": tuple(Remark(*item) for item in said["remarks"]),
        }
    )


def _cause(said: Sequence[Any]) -> CauseDigest:
    made = CauseDigest(*said)
    return made._replace(
        key=CauseKey(*made.key),
        destinations=tuple((where, count) for where, count in made.destinations),
        proof=tuple((line, text) for line, text in made.proof),
    )


_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


def day_of(name: str, began: float | None) -> str | None:
    """Return the UTC date on which the trace began (-ttt), `2026-11-29`, or a date in its path;
    None if there is neither."""
    if began is not None:
        return f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d}"
    for match in _DAY.finditer(name):
        try:
            return date(*map(int, match.groups())).isoformat()
        except ValueError:
            continue
    return None


def refusal(
    name: str, reason: str, signal: int | None = None, *, day: str | None = None
) -> TraceDigest:
    """Return the digest of a trace that could not be read, or, with `signal`, was left out because
    a signal came."""
    known = Grounds(blind=True, may_miss=True, broken=signal is None, signal=signal)
    return TraceDigest(name, known, refused=reason, day=day)
