"""Takes the Steps of one network namespace, gives whether a call found no port, and what then can
be said of the ports that are left."""

from __future__ import annotations

from strace_analyzer.findings import Confidence
from strace_analyzer.kernel.step import Code, Step


class Shortage:
    """`found`: how sure it is that a call found no port, None while none did."""

    def __init__(self) -> None:
        self.found: Confidence | None = None

    def is_met_by_client(self, step: Step) -> bool:
        """Whether this step surely is a bind() or connect() that found no port."""
        dry = step.dry
        if dry is None:
            return False
        if dry.certain or self.found is None:
            self.found = Confidence.CERTAIN if dry.certain else Confidence.PROBABLE
        return dry.certain and dry.code in (Code.BIND, Code.CONNECT)

    def explains(self, left: int) -> bool:
        """Whether `left` ports, by the sockets that are seen, agree with what the calls found."""
        return self.found is None or left == 0

    def left(self, left: int) -> int | None:
        """At most so many are left: 0 where they surely ran out, None where they probably did,
        whatever the sockets that are seen leave."""
        if self.explains(left):
            return left
        return 0 if self.found is Confidence.CERTAIN else None
