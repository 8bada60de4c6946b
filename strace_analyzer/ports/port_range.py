"""Which ephemeral port range a namespace had, and who says so."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DEFAULT = (32768, 60999)
"""net.ipv4.ip_local_port_range unless changed, since Linux 4.2 (docs/kernel.md)."""
_SYSCTL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class PortRange(NamedTuple):
    """`source` is `option`, `host`, `socket-option` or `assumed`, as in the JSON report."""

    low: int
    high: int
    source: str

    @property
    def size(self) -> int:
        """How many ports it has."""
        return self.high - self.low + 1


def host_range(sysctl: Path = _SYSCTL) -> tuple[int, int] | None:
    """This machine's range, for a program that is traced here and now; None where it cannot be
    read."""
    try:
        low, high = sysctl.read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(low), int(high)


def of_namespace(option: tuple[int, int] | None, host: tuple[int, int] | None) -> PortRange:
    """The user's word before the machine's, and the usual one where neither is known."""
    if option is not None:
        return PortRange(*option, "option")
    if host is not None:
        return PortRange(*host, "host")
    return PortRange(*DEFAULT, "assumed")


def narrowed(whole: PortRange, wanted: tuple[int, int] | None) -> PortRange:
    """`whole` under a socket's IP_LOCAL_PORT_RANGE `wanted`, which the kernel clamps to the
    sysctl's.

    A bound of 0 is the sysctl's own; a range outside of it has no effect
    (IP_LOCAL_PORT_RANGE(2const), net/ipv4/inet_connection_sock.c, inet_sk_get_local_port_range).
    Where the whole range is only assumed, the socket's word stands: the program chose ports that
    its host has.
    """
    if wanted is None:
        return whole
    low, high = wanted[0] or whole.low, wanted[1] or whole.high
    if whole.source != "assumed":
        if low > whole.high or high < whole.low:
            return whole
        low, high = max(low, whole.low), min(high, whole.high)
    return PortRange(low, high, "socket-option") if low <= high else whole
