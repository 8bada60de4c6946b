"""Takes a Syscall, gives the address that it asks for or sends to."""

from __future__ import annotations

from strace_analyzer.kernel.arguments import argument
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address
from strace_analyzer.trace.values import Array, Struct, Value, plain


def asked_address(call: Syscall) -> SocketAddress | None:
    """The address given to bind(), connect() or a send; None if the call has none or the line does
    not show it."""
    value = argument(call.args, 1) if call.name in ("bind", "connect") else target(call)
    return None if value is None else socket_address(value)


def target(call: Syscall) -> Value | None:
    """The destination given to sendto(), sendmsg() or sendmmsg() (in its first message), or
    None."""
    if call.name == "sendto":
        return argument(call.args, 4)
    if call.name not in ("sendmsg", "sendmmsg"):
        return None
    message = argument(call.args, 1)
    inner = None if message is None else plain(message)
    if isinstance(inner, Array) and inner.items:  # sendmmsg(2)
        inner = plain(inner.items[0])
        if isinstance(inner, Struct) and inner.fields:
            inner = plain(inner.fields[0].value)  # msg_hdr, which strace 4 does not name
    return inner.get("msg_name") if isinstance(inner, Struct) else None
