"""Levels, places, and calls: what every finding is made of."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

from strace_analyzer.kernel.destination import in_order, is_loopback
from strace_analyzer.kernel.option_calls import OptionCall


class Level(IntEnum):
    """Severity: only the pattern (note), waste (warning), or proven harm (error)."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(Enum):
    """`probable` if the trace hides something that could make the finding harmless."""

    CERTAIN = "certain"
    PROBABLE = "probable"


class Location(NamedTuple):
    """A line of a source, under the name by which the user gave the source."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def short(self) -> str:
        """Like `str()`, without the directory."""
        return f"{self.source.rpartition('/')[2]}:{self.line}"


class Endpoint(NamedTuple):
    """An internet address and port."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this host itself."""
        return is_loopback(self.address)

    @property
    def order(self) -> tuple[tuple[int, bytes], int]:
        """Sort key for numeric order: 192.0.2.9:80, 192.0.2.10:80, 192.0.2.10:443."""
        return in_order(self.address), self.port

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class ProcessRef(NamedTuple):
    """A process and thread. `id` is unique in the report; `tgid` and `command` may be unknown."""

    id: str
    tgid: int | None
    tid: int | None
    command: str | None

    def __str__(self) -> str:
        number = self.tgid if self.tgid is not None else self.tid
        return f"{self.command or 'process'}[{'?' if number is None else number}]"


class SocketKind(NamedTuple):
    """`AF_INET`, `SOCK_STREAM`, `TCP`; None if the trace does not show it."""

    domain: str | None
    type: str | None
    protocol: str | None


class LocalAddress(NamedTuple):
    """The address passed to bind(), and the port the kernel chose if the trace shows it."""

    address: str | None
    port: int | None
    assigned_port: int | None


class CallRecord(NamedTuple):
    """One call of the proof. `time` is as printed, `seconds` counts from the start of the trace.

    `address` is the internet address passed to or returned by the call, `option` the socket option
    if it is a call on one.
    """

    role: str
    source: str
    line: int
    end_line: int
    tid: int | None
    fd: int
    time: str | None
    seconds: float | None
    duration: float | None
    name: str
    result: int | None
    errno: str | None
    text: str
    stack: tuple[str, ...] = ()
    injected: bool = False
    """strace answered instead of the kernel (-e inject=)"""
    address: Endpoint | None = None
    option: OptionCall | None = None

    @property
    def error(self) -> str | None:
        """The error of the call, or the connection's error that SO_ERROR reported; None if there is
        none."""
        option = self.option
        told = option.value if option is not None and option.name == "SO_ERROR" else None
        return self.errno or (told if isinstance(told, str) and told else None)

    def __repr__(self) -> str:
        return f"<{self.role} {Location(self.source, self.line).short} {self.text[:60]}>"
