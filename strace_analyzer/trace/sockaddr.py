"""A decoded `struct sockaddr`: takes the argument as a value, gives family, address and port."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.trace.values import Value


class SocketAddress(NamedTuple):
    """`family` is the AF_ name whatever way strace printed it (AF_FILE and AF_LOCAL are AF_UNIX).

    For AF_INET and AF_INET6, `address` is the canonical text ("0.0.0.0", "::1", "::ffff:10.0.0.1") and
    `port` the number in host order. `scope` is sin6_scope_id (a number or an interface name) where it
    is not 0. For AF_UNSPEC, address and port are what the kernel would read as a sockaddr_in there.
    Otherwise `address` is the path or None, and `port` None.
    """

    family: str
    address: str | None = None
    port: int | None = None
    scope: str | None = None

    @property
    def is_wildcard(self) -> bool:
        """INADDR_ANY, in6addr_any, or the IPv4-mapped INADDR_ANY."""
        return self.address in ("0.0.0.0", "::", "::ffff:0.0.0.0")


def socket_address(value: Value) -> SocketAddress | None:
    """The address that `value` (an argument of bind, connect, getsockname ...) holds.

    None where strace did not decode it: a raw pointer, an elided struct, NULL.
    """
    raise NotImplementedError
