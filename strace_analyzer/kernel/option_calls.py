"""setsockopt(2) and getsockopt(2): one function per call, one table row per option."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.kernel.adoption import find_or_adopt
from strace_analyzer.kernel.arguments import FdArgument, argument, option_number
from strace_analyzer.kernel.connect_calls import established, shows_a_hidden_connect
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.notes import settled
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Connection, Options, Origin, Outcome, Socket
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import NETWORK, SOCKET_FACTS, SystemCall
from strace_analyzer.kernel.transitions import release
from strace_analyzer.kernel.transport import domain_of, transport
from strace_analyzer.trace.constants import OPTIONS_OF_LEVEL, SOCKET_LEVELS, number
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.values import Array, Name, Struct, Value, plain


class OptionCall(NamedTuple):
    """What setsockopt() set or getsockopt() returned. `value` is a number, or for SO_ERROR the name
    of the error ("" for none); None if the trace does not show it."""

    name: str
    value: int | str | None


Setter = Callable[[Options, Value | None], Options]


def _flag(name: str) -> Setter:
    def set_flag(options: Options, value: Value | None) -> Options:
        state = option_number(value)
        return options if state is None else options._replace(**{name: state != 0})  # type: ignore[arg-type]

    return set_flag


def _port_range(options: Options, value: Value | None) -> Options:
    """IP_LOCAL_PORT_RANGE(2const): high << 16 | low; 0 means the host's limit."""
    bits = option_number(value)
    if bits is None:
        return options
    low, high = bits & 0xFFFF, bits >> 16 & 0xFFFF  # strace prints it as a signed number
    return options._replace(port_range=(low, high) if low or high else None)


def _linger(options: Options, value: Value | None) -> Options:
    """socket(7) SO_LINGER: if it is on with zero seconds, close() sends RST."""
    inner = None if value is None else plain(value)
    if not isinstance(inner, Struct):
        return options
    on = inner.get("l_onoff") or inner.get("onoff")
    seconds = inner.get("l_linger") if inner.get("l_linger") is not None else inner.get("linger")
    zero = bool(number(on)) and number(seconds) == 0
    return options._replace(linger_zero=zero)


NO_PORT = (0, 24)
SETTERS: dict[tuple[int, int], Setter] = {
    # (level, option) as numbers: include/uapi/linux/in.h, include/uapi/asm-generic/socket.h
    (0, 15): _flag("transparent"),  # IP_FREEBIND
    (0, 19): _flag("transparent"),  # IP_TRANSPARENT
    NO_PORT: _flag("no_port"),  # IP_BIND_ADDRESS_NO_PORT, also on AF_INET6 sockets
    (0, 51): _port_range,  # IP_LOCAL_PORT_RANGE
    (1, 2): _flag("reuse_address"),  # SO_REUSEADDR
    (1, 13): _linger,  # SO_LINGER
    (1, 15): _flag("reuse_port"),  # SO_REUSEPORT
    (41, 26): _flag("ipv6_only"),  # IPV6_V6ONLY
    (41, 75): _flag("transparent"),  # IPV6_TRANSPARENT
    (41, 78): _flag("transparent"),  # IPV6_FREEBIND
}


def option_key(args: tuple[Value, ...]) -> tuple[int, int] | None:
    """(level, option) of setsockopt() and getsockopt() as numbers, None if they are not known."""
    level = number(argument(args, 1), SOCKET_LEVELS)
    if level is None or level not in OPTIONS_OF_LEVEL:
        return None
    option = number(argument(args, 2), OPTIONS_OF_LEVEL[level])
    return None if option is None else (level, option)


def setsockopt(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """setsockopt(2)."""
    key = option_key(call.args)
    setter = SETTERS.get(key or (-1, -1))
    if setter is None or call.result.failed:
        return
    description = find_or_adopt(kernel, task, fd, call, None)
    if description is not None:
        was = description.socket
        value = _value(call.args)
        now = was._replace(options=setter(was.options, value))
        if key == NO_PORT:
            now = now._replace(doubts=was.doubts - {Doubt.OPTIONS_HIDDEN})
            if was.origin is Origin.INHERITED:
                kernel.has_unseen_copies = True  # any socket may have this number, too
            if option_number(value) is None:
                # setting and clearing look alike (-s 0, -e verbose): report it, but with a doubt
                options = now.options._replace(no_port=False)
                now = now._replace(options=options, doubts=now.doubts | {Doubt.OPTIONS_HIDDEN})
        kernel.move(call, "setsockopt", task, fd.fd, description, now)


def _value(args: tuple[Value, ...]) -> Value | None:
    """The option's value. 0 if optlen is 0: the kernel reads it as 0, for those options that accept
    this length (net/ipv4/ip_sockglue.c do_ip_setsockopt, net/ipv6/ipv6_sockglue.c)."""
    return _ZERO if number(argument(args, 4)) == 0 else argument(args, 3)


_ZERO = Array((0,))

SO_TYPE, SO_ERROR, SO_PROTOCOL, SO_DOMAIN = (1, 3), (1, 4), (1, 38), (1, 39)


def getsockopt(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """getsockopt(2): SO_ERROR tells the outcome of a connect(); SO_TYPE, SO_PROTOCOL and SO_DOMAIN
    tell the kind of socket."""
    key = option_key(call.args)
    if key not in (SO_TYPE, SO_ERROR, SO_PROTOCOL, SO_DOMAIN) or call.result.failed:
        return
    description = kernel.find(task, fd, call)
    if description is None:
        return
    if key == SO_ERROR:
        _pending_error(kernel, task, call, fd.fd, description)
    else:
        description.socket = _told(description.socket, key, argument(call.args, 3))


def _pending_error(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    error = pending_error(call)
    was = description.socket
    if error == "" and was.connection is Connection.CONNECTING:
        established(kernel, task, call, fd, description)
    elif error == "EADDRNOTAVAIL" and was.connection is Connection.CONNECTED:
        connection_failed(kernel, task, call, fd, description)  # a connect() that was delayed
    elif error and was.connection in (Connection.CONNECTING, Connection.CONNECTED):
        connection_lost(kernel, task, call, fd, description)
    elif error is not None:
        shows_a_hidden_connect(kernel, task, call, fd, description)


def connection_lost(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """The socket's pending error was returned: the connection failed or was reset, and its port is
    free."""
    was = description.socket
    if was.connection is Connection.CONNECTING:
        connection_failed(kernel, task, call, fd, description)
    else:
        now = release(was)._replace(connection=Connection.UNCONNECTED)
        kernel.move(call, "reset", task, fd, description, now)


def connection_failed(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """The call showed that the connection was not established."""
    now = release(description.socket)._replace(
        connection=Connection.UNCONNECTED, outcome=Outcome.FAILED
    )
    kernel.move(call, "outcome", task, fd, description, now)


def pending_error(call: Syscall) -> str | None:
    """The result of SO_ERROR: `[0]` -> "", `[111]` and `[ECONNREFUSED]` -> "ECONNREFUSED", not
    printed -> None."""
    value = argument(call.args, 3)
    inner = None if value is None else plain(value)
    if isinstance(inner, Array) and len(inner.items) == 1:
        first = plain(inner.items[0])
        if isinstance(first, Name):
            return first.text
    code = option_number(value)
    return None if code is None else "" if code == 0 else errno.errorcode.get(code, str(code))


def told_option(call: Syscall) -> OptionCall | None:
    """The option of a setsockopt() or getsockopt(), with its value; None for other calls, and for
    options whose name the model does not know."""
    if call.name not in CALLS:
        return None
    key = option_key(call.args)
    name = None if key is None else _NAMES.get(key)
    if name is None:
        return None
    told = pending_error(call) if key == SO_ERROR else option_number(_value(call.args))
    return OptionCall(name, told)


_NAMES = {
    (level, option): name
    for level, options in OPTIONS_OF_LEVEL.items()
    for name, option in options.items()
}


def _told(socket: Socket, key: tuple[int, int], value: Value | None) -> Socket:
    """What getsockopt() tells about an older socket."""
    inner = None if value is None else plain(value)
    item = inner.items[0] if isinstance(inner, Array) and inner.items else inner
    if key == SO_DOMAIN and socket.domain is None:
        return socket._replace(domain=domain_of(item))
    if key == SO_TYPE and socket.type is None:
        kind, protocol = transport(socket.domain, item, 0)
        socket = socket._replace(type=kind, protocol=socket.protocol or protocol)
    if key == SO_PROTOCOL and socket.protocol is None:
        _, protocol = transport(socket.domain, 1, item)
        socket = socket._replace(protocol=protocol)
    return socket._replace(doubts=settled(socket)) if socket.evidence("bind") else socket


CALLS = {
    "getsockopt": SystemCall(on=getsockopt, shown_by=NETWORK, lean=SOCKET_FACTS),
    "setsockopt": SystemCall(on=setsockopt, shown_by=NETWORK, lean=SOCKET_FACTS),
}
