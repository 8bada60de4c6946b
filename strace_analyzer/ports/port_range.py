"""Which ephemeral port range a namespace had, and how we know."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.machine.facts import DEFAULT_RANGE


class PortRange(NamedTuple):
    """`source` is `option`, `host`, `socket-option` or `assumed`, as in the JSON report."""

    low: int
    high: int
    source: str

    @property
    def size(self) -> int:
        """How many ports it has."""
        return self.high - self.low + 1


def of_namespace(option: tuple[int, int] | None, host: tuple[int, int] | None) -> PortRange:
    """The range given by the user, else the host's, else the kernel's default."""
    if option is not None:
        return PortRange(*option, "option")
    if host is not None:
        return PortRange(*host, "host")
    return PortRange(*DEFAULT_RANGE, "assumed")


def narrowed(whole: PortRange, wanted: tuple[int, int] | None) -> PortRange:
    """`whole` narrowed by a socket's IP_LOCAL_PORT_RANGE `wanted`, which the kernel clamps to the
    sysctl's range.

    A bound of 0 means the sysctl's bound; a range outside the sysctl's has no effect
    (IP_LOCAL_PORT_RANGE(2const), net/ipv4/inet_connection_sock.c, inet_sk_get_local_port_range). If
    the whole range is only assumed, `wanted` is used as it is: the program presumably chose ports
    that its host has.
    """
    if wanted is None:
        return whole
    low, high = wanted[0] or whole.low, wanted[1] or whole.high
    if whole.source != "assumed":
        if low > whole.high or high < whole.low:
            return whole
        low, high = max(low, whole.low), min(high, whole.high)
    return PortRange(low, high, "socket-option") if low <= high else whole
