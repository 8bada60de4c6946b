"""Takes the calls of one network namespace that found no port, gives what they say about the ports
left."""

from __future__ import annotations

from strace_analyzer.findings import Confidence
from strace_analyzer.kernel.step import Code, Dry


class Shortage:
    """`found`: how certain it is that a call found no port, None if none did."""

    def __init__(self) -> None:
        self.found: Confidence | None = None

    def is_met_by_client(self, dry: Dry) -> bool:
        """Take in a call that found no port; True if it is certainly a bind() or connect()."""
        if dry.certain or self.found is None:
            self.found = Confidence.CERTAIN if dry.certain else Confidence.PROBABLE
        return dry.certain and dry.code in (Code.BIND, Code.CONNECT)

    def explains(self, left: int) -> bool:
        """Whether `left` free ports, counted from the visible sockets, agrees with what the calls
        found."""
        return self.found is None or left == 0

    def left(self, left: int) -> int | None:
        """The upper bound of the ports left, given that the visible sockets leave `left`: 0 if they
        certainly ran out, None if they probably did."""
        if self.explains(left):
            return left
        return 0 if self.found is Confidence.CERTAIN else None
