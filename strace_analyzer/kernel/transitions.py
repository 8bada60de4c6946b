"""The tables that change a socket: which state, which call, which result -> which state.

Laws of this file: every rule about what a call does to a binding or a connection is here; nothing
here knows about tasks, descriptors or text. Sources are named beside the rows; docs/kernel.md has
the measurements.
"""

from __future__ import annotations

from strace_analyzer.kernel.socket_state import Binding, Connection, Ending, Socket, State


class Request(State):
    """What bind() asks for."""

    PORT = "an explicit port"
    ANY_PORT = "port 0"
    LATER = "port 0 under IP_BIND_ADDRESS_NO_PORT"


BIND: dict[tuple[Binding, Request], Binding] = {
    # ip(7); net/ipv4/af_inet.c __inet_bind: port 0 calls get_port() at once, unless
    # inet->bind_address_no_port is set, which leaves it to connect()
    (Binding.UNBOUND, Request.PORT): Binding.BOUND,
    (Binding.UNBOUND, Request.ANY_PORT): Binding.EPHEMERAL,
    (Binding.UNBOUND, Request.LATER): Binding.DEFERRED,
    # __inet_bind refuses (EINVAL) only while inet->inet_num is set, and with a deferred port it is
    # not
    (Binding.DEFERRED, Request.PORT): Binding.BOUND,
    (Binding.DEFERRED, Request.ANY_PORT): Binding.EPHEMERAL,
    (Binding.DEFERRED, Request.LATER): Binding.DEFERRED,
}
"""A successful bind(). A missing pair cannot succeed: the socket must be another one."""

PORT_AT_CONNECT: dict[Binding, Binding] = {
    # net/ipv4/inet_hashtables.c inet_hash_connect: chooses a port if there is none
    Binding.UNBOUND: Binding.AUTOBOUND,
    Binding.DEFERRED: Binding.AUTOBOUND,
}
"""connect(), listen() and the first send give a port to a socket that has none."""

RELEASED: dict[Binding, Binding] = {
    # net/ipv4/tcp.c tcp_set_state(TCP_CLOSE): inet_put_port() unless SOCK_BINDPORT_LOCK, which only
    # bind() to an explicit port sets. The address remains; the next connect() chooses a port.
    Binding.EPHEMERAL: Binding.DEFERRED,
    Binding.AUTOBOUND: Binding.DEFERRED,
}
"""A port that the kernel chose is given back; BOUND is never released before close()."""


class ConnectResult(State):
    """What the result of connect() says."""

    DONE = "connected"
    GOING_ON = "in progress"
    ALREADY_CONNECTED = "EISCONN"
    REFUSED = "failed on the wire: the port is given back"
    NOT_TRIED = "failed before the port was touched: the port stays"
    UNCLEAR = "failed, and the trace does not tell which of the two"
    INVALID = "not a connect at all (EBADF, EFAULT ...)"


_CONNECT_ERRORS: dict[str, ConnectResult] = {
    "EINPROGRESS": ConnectResult.GOING_ON,
    "EALREADY": ConnectResult.GOING_ON,
    "EINTR": ConnectResult.GOING_ON,  # connect(2): the connection is established asynchronously
    "ERESTARTSYS": ConnectResult.GOING_ON,
    "ERESTARTNOINTR": ConnectResult.GOING_ON,
    "EISCONN": ConnectResult.ALREADY_CONNECTED,
    # docs/kernel.md, "Which failures release a port"; net/ipv4/tcp_ipv4.c tcp_v4_connect looks the
    # route up before its failure path, which ends in tcp_set_state(sk, TCP_CLOSE)
    "ECONNREFUSED": ConnectResult.REFUSED,
    "ETIMEDOUT": ConnectResult.REFUSED,
    "ECONNRESET": ConnectResult.REFUSED,
    "ECONNABORTED": ConnectResult.REFUSED,
    "EADDRNOTAVAIL": ConnectResult.REFUSED,
    "EACCES": ConnectResult.NOT_TRIED,
    "EINVAL": ConnectResult.NOT_TRIED,
    "EPERM": ConnectResult.NOT_TRIED,
    "EAFNOSUPPORT": ConnectResult.NOT_TRIED,
    "EAGAIN": ConnectResult.NOT_TRIED,
    "EBADF": ConnectResult.INVALID,
    "ENOTSOCK": ConnectResult.INVALID,
    "EFAULT": ConnectResult.INVALID,
}

AT_ONCE = 0.001
"""Seconds. A route that fails with EHOSTUNREACH or ENETUNREACH does so within this time."""
ROUND_TRIP = 0.1
"""Seconds. An error from a router, or for a neighbour that does not answer, takes a second or more
(docs/kernel.md). Between the two nothing is certain: on a busy machine strace's own stops take
milliseconds."""


def connect_result(
    errno: str | None, duration: float | None, *, connecting: bool = False
) -> ConnectResult:
    """What connect() with this error (None for success) did; `duration` in seconds, from -T.

    `connecting` says that a connect() on the socket is in progress: the error is then the pending
    one, and the route is not looked up again (net/ipv4/af_inet.c __inet_stream_connect,
    SS_CONNECTING).
    """
    result = _first_result(errno, duration)
    if connecting and result in (ConnectResult.NOT_TRIED, ConnectResult.UNCLEAR):
        return ConnectResult.REFUSED
    return result


def _first_result(errno: str | None, duration: float | None) -> ConnectResult:
    if errno is None:
        return ConnectResult.DONE
    if errno == "ENETUNREACH" and duration is None:
        return ConnectResult.NOT_TRIED  # nearly always the route: a router rarely says so
    if errno in ("EHOSTUNREACH", "ENETUNREACH"):
        if duration is None or AT_ONCE <= duration < ROUND_TRIP:
            return ConnectResult.UNCLEAR
        return ConnectResult.REFUSED if duration >= ROUND_TRIP else ConnectResult.NOT_TRIED
    return _CONNECT_ERRORS.get(errno, ConnectResult.UNCLEAR)


CONNECT: dict[tuple[Connection, ConnectResult], Connection] = {
    # connect(2), net/ipv4/af_inet.c __inet_stream_connect
    (Connection.UNCONNECTED, ConnectResult.DONE): Connection.CONNECTED,
    (Connection.UNCONNECTED, ConnectResult.GOING_ON): Connection.CONNECTING,
    (Connection.UNCONNECTED, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
    (Connection.CONNECTING, ConnectResult.DONE): Connection.CONNECTED,
    (Connection.CONNECTING, ConnectResult.GOING_ON): Connection.CONNECTING,
    (Connection.CONNECTING, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
    (Connection.CONNECTING, ConnectResult.REFUSED): Connection.UNCONNECTED,
    (Connection.CONNECTED, ConnectResult.DONE): Connection.CONNECTED,
    (Connection.CONNECTED, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
}
"""A missing pair leaves the connection as it is: a failure, or EISCONN on a listener."""

RESET_ERRORS = frozenset({"ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "EPIPE"})
"""Pending errors of a TCP socket that any call may return: the connection is gone, and its port
with it (tcp_reset and tcp_write_err call tcp_done). EPIPE after our own shutdown is no such sign.
"""


def release(socket: Socket) -> Socket:
    """`socket` after the kernel took back a port that it had chosen; unchanged if it keeps the
    port."""
    binding = RELEASED.get(socket.binding)
    if binding is None:
        return socket
    if binding is Binding.DEFERRED and socket.evidence("bind") is None:
        binding = Binding.UNBOUND
    return socket._replace(
        binding=binding,
        was_released=socket.was_released or socket.binding is Binding.EPHEMERAL,
    )


def ended(socket: Socket) -> Socket:
    """`socket` after its connection, or the attempt, has ended in both directions."""
    return release(socket)._replace(
        connection=Connection.UNCONNECTED, ending=Ending.OPEN, shut_down=False
    )
