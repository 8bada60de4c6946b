"""The kernel's results for each program of programs.py, and what the tool must say about its trace.

Derived by a person from DOMAIN section 2 and from the runs; docs/kernel.md names the kernel.
`given` and `failed` have one entry for each fill() of the program.
"""

from __future__ import annotations

from typing import NamedTuple

NO_ADDRESS = "connect EADDRNOTAVAIL"
IN_USE = "bind EADDRINUSE"
AGAIN = "connect EAGAIN"
REFUSED = "connect ECONNREFUSED"


class SetUp(NamedTuple):
    """One program, its results, and the tool's figures for its first namespace."""

    program: str
    given: list[list[int]]
    failed: list[str | None]
    """the one call and error of each phase; None if there was none"""
    pinned: int = 0
    """peak of ports pinned by early wildcard binds"""
    needed: int = 0
    """peak of ports that would have been enough for the connections"""
    ports: int = 100
    """different local ports of the program's open sockets at the end"""
    address: int = 0
    """peak of ports pinned on one specific address"""
    since: tuple[int, int] = (4, 2)
    """the Linux version that introduced what it uses"""


SHARING = [
    SetUp("unbound_one", [[100]], [NO_ADDRESS], needed=100),
    SetUp("unbound_three", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("unbound_three_ports", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("any_one", [[100]], [IN_USE], pinned=100, needed=100),
    SetUp("any_three", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("any_three_ports", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("any_round_robin", [[34, 33, 33]], [IN_USE], pinned=100, needed=34),
    SetUp("address_one", [[100]], [IN_USE], needed=100, address=100),
    SetUp("address_three", [[100, 0, 0]], [IN_USE], needed=100, address=100),
    SetUp("two_addresses", [[100, 0, 0]] * 2, [IN_USE] * 2, needed=100, address=100),
    SetUp("any_no_port", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("address_no_port", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("any_reuse_address", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("address_reuse_address", [[100, 0, 0]], [IN_USE], needed=100, address=100),
    SetUp("any_reuse_port", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("unbound_reuse_address", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("any_transparent", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("no_port_switched_off", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("no_port_after_bind", [[40]], [NO_ADDRESS], pinned=60, needed=60),
    SetUp("fast_open", [[40]], [NO_ADDRESS], pinned=60, needed=60),
    SetUp("fast_open_connect", [[60], [40]], [None, NO_ADDRESS], pinned=60, needed=60),
    SetUp("shared_by_dup_and_fork", [[60], [40]], [None, NO_ADDRESS], pinned=60, needed=60),
    SetUp("own_namespace", [[100], [100]], [IN_USE, IN_USE]),
]

FAMILIES = [
    SetUp("v6_unbound", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("v6_any", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("v6_any_only", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("v6_address", [[100, 0, 0]], [IN_USE], needed=100, address=100),
    SetUp("v6_address_no_port", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("v6_any_no_port", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("dual_unbound", [[100, 100, 100]], [NO_ADDRESS], needed=100),
    SetUp("dual_any", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    SetUp("dual_mapped_any", [[100, 0, 0]], [IN_USE], pinned=100, needed=100),
    # two families, two sets of ports: 200 sockets on 100 numbers
    SetUp("v4_any_then_v6_only", [[100], [100]], [IN_USE, IN_USE], pinned=200, needed=100),
    # but connect() avoids what a bind of either family holds
    SetUp("v6_only_then_v4_unbound", [[60], [40]], [None, NO_ADDRESS], pinned=60, needed=60),
]

DATAGRAMS = [
    SetUp("udp_unbound", [[100, 0, 0]], [AGAIN]),
    SetUp("udp_any", [[100, 0, 0]], [IN_USE]),
    SetUp("udp_address", [[100, 0, 0]], [IN_USE]),
    SetUp("udp_address_no_port", [[100, 0, 0]], [AGAIN]),
    SetUp("udp_lite", [[100], [100]], [IN_USE, IN_USE]),
    SetUp("tcp_and_udp", [[100], [100]], [IN_USE, IN_USE], pinned=100, needed=100),
]

OPTIONS = [
    SetUp("range_unbound", [[20, 20, 20]], [NO_ADDRESS], needed=20, ports=20, since=(6, 3)),
    SetUp("range_any", [[20, 0, 0]], [IN_USE], pinned=20, needed=20, ports=20, since=(6, 3)),
    SetUp("range_address_no_port", [[20, 20, 20]], [NO_ADDRESS], needed=20, ports=20, since=(6, 3)),
    SetUp("mptcp_unbound", [[100, 100, 100]], [NO_ADDRESS], needed=100, since=(5, 6)),
    SetUp("mptcp_any", [[100, 0, 0]], [IN_USE], pinned=100, needed=100, since=(5, 6)),
]

MIXTURES = [
    SetUp(
        "sixty_any_then_unbound",
        [[60], [40, 40, 40]],
        [None, NO_ADDRESS],
        pinned=60,
        needed=100,
    ),
    SetUp("sixty_unbound_then_any", [[60], [40]], [None, IN_USE], pinned=40, needed=60),
    SetUp(
        "sixty_other_address_then_unbound",
        [[60], [40]],
        [None, NO_ADDRESS],
        needed=60,
        address=60,
    ),
    SetUp(
        "sixty_unbound_then_other_address",
        [[60], [100]],
        [None, IN_USE],
        needed=100,
        address=100,
    ),
    SetUp("no_port_then_unbound", [[100], [100]], [NO_ADDRESS] * 2, needed=100),
    SetUp("two_addresses_then_any", [[100], [100], [0]], [IN_USE] * 3, needed=100, address=100),
    SetUp("forty_idle_then_unbound", [[40], [60, 60, 60]], [None, NO_ADDRESS], needed=60),
    SetUp("listener_then_unbound", [[1], [99]], [None, NO_ADDRESS], needed=99),
]

ENDINGS = [
    SetUp(
        "any_client_closes",
        [[100], [0], [0], [0]],
        [None, IN_USE, NO_ADDRESS, NO_ADDRESS],
        pinned=100,
        needed=100,
        ports=0,
    ),
    SetUp(
        "any_reuse_client_closes",
        [[100], [0]],
        [None, IN_USE],
        pinned=100,
        needed=100,
        ports=0,
    ),
    SetUp(
        "unbound_client_closes",
        [[100], [3], [0], [0]],
        [None, None, NO_ADDRESS, IN_USE],
        needed=100,
        ports=0,
    ),
    SetUp("any_server_closes", [[250]], [None], pinned=1, needed=1, ports=0),
    SetUp("any_client_resets", [[250]], [None], pinned=1, needed=1, ports=0),
    SetUp(
        "any_client_shuts_down_first",
        [[100], [0]],
        [None, IN_USE],
        pinned=100,
        needed=100,
        ports=0,
    ),
]
"""With TIME_WAIT as part of the prediction."""

FAILURES = [
    # after a failure that held the port the retry is still bound; after one that released it, not
    SetUp(
        "held_then_retry", [[0], [40]], ["connect ENETUNREACH", NO_ADDRESS], pinned=60, needed=60
    ),
    SetUp("refused_then_retry", [[0], [100]], [REFUSED, NO_ADDRESS], pinned=1, needed=100),
]

REAL_PROGRAMS = [
    SetUp("early_180_over_three", [[34, 33, 33]], [IN_USE], pinned=100, needed=34),
    SetUp("unbound_180_over_three", [[60, 60, 60]], [None], needed=60, ports=-1),
    SetUp("threads", [[32]], [None], pinned=32, needed=16, ports=32),
]
"""`ports` -1: between 60 and 100, by chance."""

ALL = [
    *SHARING, *FAMILIES, *DATAGRAMS, *OPTIONS, *MIXTURES, *ENDINGS, *FAILURES, *REAL_PROGRAMS,
]  # fmt: skip

UNCLOSED = [
    # programs that leave 250 or 300 sockets open whose ports are free: their stale numbers repeat
    SetUp("any_server_resets", [[250]], [None], pinned=1, needed=1),
    SetUp("any_server_closes_then_shutdown", [[250]], [None], pinned=1, needed=1),
    SetUp("refused", [[0]], [REFUSED], pinned=1, needed=1),
    SetUp("in_progress_refused", [[0]], [None], pinned=1, needed=1),
    SetUp("unspec_releases", [[250]], [None], pinned=1, needed=1),
]
