"""Takes what a connection was and what it is now, says whether it goes to TIME_WAIT on this side.

docs/kernel.md, "TIME_WAIT". A trace cannot show unread data, which makes close() send RST, so the
answers given here are the upper bound; the lower bound counts no TIME_WAIT at all.
"""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.socket_state import Connection, Ending, Socket

HOLD = 60.0
"""Seconds. TCP_TIMEWAIT_LEN, include/net/tcp.h; not adjustable."""

BRIEFLY = 1.0
"""Seconds after which connect() takes such a port again where `gives_again` is true:
net/ipv4/tcp_ipv4.c, `tcp_twsk_unique`."""


def leaves_time_wait(last: Socket, now: Socket | None) -> bool:
    """True if a connection that was `last` and is now `now` (None if closed) goes to TIME_WAIT on
    our side.

    Only if we close first: not after the peer's end of file was read, not after RST in either
    direction, and not if the socket lives on, since the connection was then aborted (tcp(7),
    connect(AF_UNSPEC)). A connect() whose end is not in the trace counts, because this is the upper
    bound.
    """
    return (
        now is None
        and last.connection in (Connection.CONNECTED, Connection.CONNECTING)
        and last.ending is Ending.OPEN
        and not last.options.linger_zero
    )


def gives_again(reuse: int | None, to: Destination) -> bool:
    """True if connect() to this destination can reuse a port that connect() chose, after a second
    in TIME_WAIT, with net.ipv4.tcp_tw_reuse set to `reuse`. None is taken as the default, 2:
    loopback only (docs/kernel.md)."""
    return reuse == 1 or (reuse != 0 and to.is_loopback)
