"""Whether two sockets can have the same port, and the port that a call asked for."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.exhaustion import bind_address
from strace_analyzer.kernel.destination import Family, family, specific
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.trace.sockaddr import SocketAddress

NO_TIME_WAIT = ("UDP", "UDPLITE", "SCTP")
"""protocols in which a closed socket leaves nothing behind on its port"""


def port_asked(step: Step) -> int:
    """The port that bind() named, or on which listen() found another listener; 0 for any other
    call."""
    if step.role == "bind":
        asked = bind_address(step)
        return 0 if asked is None else asked.port or 0
    socket = step.socket
    if step.role == "listen" and socket.binding is Binding.BOUND and socket.local is not None:
        return socket.local.port or 0
    return 0


def conflicts(one: Socket, other: Socket, asked: SocketAddress | None) -> bool:
    """Whether `one` and, at the address `asked`, `other` cannot have the same port; True if one of
    the addresses is unknown."""
    if one.local is None or asked is None:
        return True
    families = {family(one, one.local), family(other, asked)}
    if families == {Family.V4, Family.V6}:
        return False
    here, there = specific(one.local), specific(asked)
    return here is None or there is None or here == there


def is_dual_stack(one: Socket, other: Socket, asked: SocketAddress | None) -> bool:
    """One is a wildcard for both families, the other the IPv4 wildcard (`other` may be any IPv4
    address): whichever came first serves what the second would have."""
    first, second = family(one, one.local), family(other, asked)
    if (first, second) == (Family.DUAL, Family.V4):
        return True
    return (first, second) == (Family.V4, Family.DUAL) and specific(one.local) is None


def sharer(holder: Socket, socket: Socket) -> Iterator[tuple[str, str]]:
    """Which of the two have SO_REUSEPORT, if any has: `here` means `socket`."""
    if holder.options.reuse_port and socket.options.reuse_port:
        yield "reuse_port", "both"
    elif holder.options.reuse_port != socket.options.reuse_port:
        yield "reuse_port", "here" if socket.options.reuse_port else "holder"
