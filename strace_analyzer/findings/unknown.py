"""What a trace cannot tell, what its options hid, and which socket calls failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from strace_analyzer.findings.proof import Endpoint, Location


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the trace cannot tell, folded by code and process."""

    code: str
    reason: str
    count: int
    trace: str
    process: str | None
    fd: int | None
    first: Location
    last: Location

    def __repr__(self) -> str:
        return f"<Unknown {self.code} x {self.count} from {self.first.short}>"

    remedy: str = ""


_WANTS = frozenset({"pair-in-use", "no-address", "no-ipv6", "not-local"})
"""explanations of failures caused by a missing address"""


class Failure(NamedTuple):
    """Socket calls that failed in the same way: same process, call, error and destination (for
    bind(), the requested address; for listen(), the one that was bound)."""

    trace: str
    process: str
    call: str
    errno: str
    protocol: str | None
    """whose ports it would have used; None if it needs none"""
    address: Endpoint | None
    times: int
    first: Location
    last: Location
    explanation: str
    """why, as a code: no-port, in-use, not-local, no-ipv6, refused, timed-out ..."""
    is_probe: bool = False
    """connect() of a UDP socket that only asks which addresses can be reached, as getaddrinfo(3)
    does; or to the UNIX socket of a service that libraries try in passing"""
    got_over: bool = False
    """the process connected another UDP socket to the same port"""
    path: str | None = None
    """the file of a UNIX socket, `@name` if it is an abstract one"""
    waited: float | None = None
    """unanswered: seconds from connect() to close(), the longest of these"""

    def __repr__(self) -> str:
        to = f" {self.to}" if self.to else ""
        return f"<Failure {self.first.short}: {self.times:,} x {self.call}{to}: {self.errno}>"

    @property
    def to(self) -> str:
        """Where the call was to go, or what it was to bind; "" if that is not known."""
        return self.path or "" if self.address is None else str(self.address)

    @property
    def lacked(self) -> bool:
        """Whether a connection was not made, or a message not sent, for want of a local port or
        address. connect() of a UDP socket does not count for addresses if it only asked which
        ones can be reached, or if another address served."""
        is_over = self.is_probe or self.got_over
        return self.explanation == "no-port" or (self.explanation in _WANTS and not is_over)


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that the trace's own options hid, and the consequence."""

    code: str
    trace: str
    count: int
    effect: str
    """may-miss, may-overreport, lowers-confidence"""
    message: str
    remedy: str

    def __repr__(self) -> str:
        return f"<Warning {self.code} ({self.effect}) x {self.count}: {self.message}>"
