"""Takes what a connection was and is now, says whether it goes to TIME_WAIT on this side.

docs/kernel.md, "TIME_WAIT". A trace cannot show unread data, whose close sends RST, so what follows
from here is the high bound; the low bound is without any TIME_WAIT.
"""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.socket_state import Connection, Ending, Socket

HOLD = 60.0
"""Seconds. TCP_TIMEWAIT_LEN, include/net/tcp.h; not adjustable."""


def leaves_time_wait(last: Socket, now: Socket | None) -> bool:
    """Does a connection that was `last` and is now `now` (None when closed) go to TIME_WAIT on our
    side?

    Only by our close, first: not where the peer's end was read before, not after RST in either
    direction, and not where the socket lives on, for then the connection was aborted (tcp(7),
    connect(AF_UNSPEC)). One whose connect never came to an end in the trace counts, since this is
    the high bound.
    """
    return (
        now is None
        and last.connection in (Connection.CONNECTED, Connection.CONNECTING)
        and last.ending is Ending.OPEN
        and not last.options.linger_zero
    )


def gives_again(reuse: int | None, to: Destination) -> bool:
    """Does connect() to there, with net.ipv4.tcp_tw_reuse as `reuse`, use ports that it chose and
    that are in TIME_WAIT again after a second? Where nothing tells `reuse`, it is the default, 2:
    to loopback alone (docs/kernel.md)."""
    return reuse == 1 or (reuse != 0 and to.is_loopback)
