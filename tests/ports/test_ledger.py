"""The account of one trace: figures worked out by hand."""

from __future__ import annotations

import pytest
from ports.histories import ANY, History, Sock, at, process

from strace_analyzer.findings import AddressUse, DestinationUse, PortUse
from strace_analyzer.kernel.socket_state import Binding, Connection, Options, Origin
from strace_analyzer.kernel.step import Step
from strace_analyzer.ports import PortLedger

RANGE = (40000, 40099)
WEB, OTHER = at("192.0.2.1", 80), at("192.0.2.2", 80)


def account(*steps: Step, end: float | None = None, **settings: object) -> PortUse:
    ledger = PortLedger(**{"port_range": RANGE, **settings})  # type: ignore[arg-type]
    for step in steps:
        ledger.step(step)
    (use,) = ledger.close(end)
    return use


def early(sock: Sock) -> list[Step]:
    return [sock.bind(), sock.connect(WEB)]


def test_nothing_bound_or_connected_is_no_account() -> None:
    history = History()
    ledger = PortLedger(RANGE)
    sock = history.open(process(1))
    ledger.step(sock.step("socket", sock.socket))
    ledger.step(sock.close())
    assert ledger.close(1.0) == ()


def test_one_early_bind() -> None:
    history = History(10.0)
    task = process(7)
    sock = history.open(task)
    bind = sock.bind()
    history.now = 10.5
    connect = sock.connect(WEB)
    history.now = 12.0
    use = account(bind, connect, sock.close(), end=20.0)
    assert (use.total_connections, use.total_pinned) == (1, 1)
    assert (use.peak_pinned, use.peak_needed, use.gain) == (1, 1, 1.0)
    assert use.peak_time == 0.0
    assert (use.range, use.range_source) == (RANGE, "option")
    assert (use.headroom, use.headroom_without_bind) == (99, 99)
    assert use.connections_per_second == 0.1
    assert use.sustainable_as_is == 100 / 60
    assert use.censored == 0
    assert use.destinations == (DestinationUse("192.0.2.1", 80, "TCP", 1, 1, 1),)
    (part,) = use.by_process
    assert (part.process, part.peak_pinned, part.exhausted) == ("7", 1, False)


def test_port_is_pinned_since_the_bind_not_since_the_connect() -> None:
    """Three binds, then three connects one after the other, each closed before the next."""
    history = History()
    socks = [history.open(process(1)) for _ in range(3)]
    steps = [sock.bind() for sock in socks]
    for sock in socks:
        steps += [sock.connect(WEB), sock.close()]
    use = account(*steps)
    assert (use.peak_pinned, use.peak_needed) == (3, 1)
    assert use.gain == 3


def test_a_bind_that_only_the_connect_shows_counts_at_once() -> None:
    sock = History().open(process(1))
    sock.bind()
    use = account(sock.connect(WEB), sock.close())
    assert (use.total_pinned, use.peak_pinned) == (1, 1)


def test_eisconn_leaves_the_connection_where_it_is() -> None:
    history = History()
    first, second = history.open(process(1)), history.open(process(1))
    steps = [first.connect(WEB), first.connect(OTHER, "EISCONN"), second.connect(OTHER)]
    use = account(*steps)
    assert (use.peak_needed, use.headroom, use.headroom_without_bind) == (1, 99, 99)


def test_bound_and_never_connected_takes_a_port_and_pins_none() -> None:
    history = History()
    idle = [history.open(process(1)).bind() for _ in range(40)]
    use = account(*idle)
    assert (use.peak_pinned, use.total_pinned, use.headroom) == (0, 0, 60)
    assert use.headroom_without_bind == 100
    assert use.gain is None


def test_listener_and_named_port_count_with_and_without_the_bind() -> None:
    history = History()
    listener, named, outside = (history.open(process(1)) for _ in range(3))
    use = account(
        listener.bind(),
        listener.listen(),
        named.bind(at("0.0.0.0", 40007)),
        named.connect(WEB),
        outside.bind(at("0.0.0.0", 1023)),
        outside.connect(WEB),
    )
    assert (use.peak_pinned, use.peak_needed) == (0, 2)
    assert (use.headroom, use.headroom_without_bind) == (98, 98)


def test_specific_addresses_count_apart() -> None:
    history = History()
    task = process(1)
    steps: list[Step] = []
    for address, times in (("10.0.0.1", 2), ("10.0.0.2", 3)):
        for _ in range(times):
            sock = history.open(task)
            steps += [sock.bind(at(address)), sock.connect(WEB)]
    idle = history.open(task)
    use = account(*steps, idle.bind(at("10.0.0.3")))
    assert use.peak_pinned == 0
    assert use.by_address == (AddressUse("10.0.0.2", 3, 3), AddressUse("10.0.0.1", 2, 2))
    assert use.by_process[0].peak_pinned_at_address == 3
    assert use.headroom == 97  # the addresses' ports may be the same


def test_time_wait_needs_times() -> None:
    history = History(None)
    sock = history.open(process(1))
    use = account(*early(sock), sock.close())
    assert use.peak_pinned_with_time_wait is None
    assert use.peak_needed_with_time_wait is None
    assert (use.peak_time, use.connections_per_second, use.dry_after) == (None, None, None)
    assert use.by_process[0].peak_pinned_with_time_wait is None
    assert use.timeline[0].at == 1.0


def test_time_wait_bounds() -> None:
    """Ten connections a second, each closed at once by us; the minute covers all of them."""
    history = History(0.0)
    steps: list[Step] = []
    for number in range(20):
        history.now = number / 10
        sock = history.open(process(1))
        steps += [sock.bind(), sock.connect((WEB, OTHER)[number % 2]), sock.close()]
    use = account(*steps, end=2.0)
    assert (use.peak_pinned, use.peak_needed) == (1, 1)
    assert (use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait) == (20, 10)
    assert use.dry_after == 99 / 10


def test_a_rate_that_can_go_on() -> None:
    history = History(0.0)
    sock = history.open(process(1))
    steps = [*early(sock), sock.close()]
    assert account(*steps, end=60.0).dry_after is None


def test_no_time_wait_after_the_peer_or_a_reset() -> None:
    history = History(0.0)
    steps: list[Step] = []
    for ending in ("eof", "linger", "disconnect"):
        options = Options(linger_zero=ending == "linger")
        sock = history.open(process(1), options=options)
        steps += early(sock)
        if ending != "linger":
            steps.append(getattr(sock, ending)())
        steps.append(sock.close())
    use = account(*steps, end=1.0)
    assert (use.total_pinned, use.peak_pinned_with_time_wait) == (3, 1)


def test_censored() -> None:
    history = History()
    still_open, idle = history.open(process(1)), history.open(process(1))
    assert account(*early(still_open), idle.bind()).censored == 1


def test_clock_that_steps_back_is_held() -> None:
    history = History(5.0)
    first, second = history.open(process(1)), history.open(process(1))
    steps = early(first)
    history.now = 3.0
    steps += early(second)
    history.now = None
    steps.append(second.close())
    use = account(*steps, end=6.0)
    assert (use.peak_pinned, use.peak_time) == (2, 0.0)


def test_range_of_the_sockets_where_all_have_it() -> None:
    narrow = Options(port_range=(40010, 40029))
    history = History()
    sock = history.open(process(1), options=narrow)
    other = history.open(process(1))
    own = early(sock)
    use = account(*own)
    assert (use.range, use.range_source, use.headroom) == ((40010, 40029), "socket-option", 19)
    mixed = account(*own, *early(other))
    assert (mixed.range, mixed.range_source) == (RANGE, "option")


def test_host_and_assumed_range() -> None:
    sock = History().open(process(1))
    steps = early(sock)
    assert account(*steps, port_range=None, host_range=(1, 9)).range_source == "host"
    assert account(*steps, port_range=None).range == (32768, 60999)


def test_exhausted_process() -> None:
    history = History()
    one, two = process(1), process(2)
    use = account(
        history.open(one).bind(ANY, "EADDRINUSE"),
        *early(history.open(two)),
    )
    assert {part.process: part.exhausted for part in use.by_process} == {"1": True, "2": False}


def test_exhausted_before_any_socket_of_its_own() -> None:
    history = History()
    sock = history.open(process(1))
    use = account(sock.bind(ANY, "EADDRINUSE"), sock.close())
    assert use.total_connections == 0
    assert use.by_process[0].exhausted


def test_autobind_reuse_pins_nothing() -> None:
    sock = History().open(process(1), options=Options(reuse_address=True))
    steps = early(sock)
    assert account(*steps, autobind_reuse=True).peak_pinned == 0
    assert account(*steps).peak_pinned == 1


def test_only_tcp_counts() -> None:
    history = History()
    udp = history.open(process(1), protocol="UDP", type="SOCK_DGRAM")
    accepted = history.open(process(1), origin=Origin.ACCEPTED)
    unknown = history.open(process(1), protocol=None, type=None)
    use = account(udp.bind(), udp.connect(WEB), accepted.connect(WEB), *early(unknown))
    assert use.destinations == (DestinationUse("192.0.2.1", 80, "unknown", 1, 1, 1),)


def test_namespaces_apart() -> None:
    history = History()
    ledger = PortLedger(RANGE)
    for namespace in (1, 0):
        for step in early(history.open(process(namespace + 1, namespace))):
            ledger.step(step)
    assert [(use.namespace, use.peak_pinned) for use in ledger.close(None)] == [(0, 1), (1, 1)]


@pytest.mark.parametrize("errno", [None, "ECONNREFUSED"])
def test_connection_without_an_address_is_none(errno: str | None) -> None:
    step = History().open(process(1)).connect(WEB, errno)
    assert step.now is not None
    blind = step.leading_to(step.now._replace(peer=None))
    assert account(blind).total_connections == 0


def test_a_connection_whose_port_is_not_known_uses_what_it_needs() -> None:
    """EISCONN on a socket that was connected before the trace began."""
    sock = History().open(process(1))
    up = sock.socket._replace(connection=Connection.CONNECTED, peer=WEB)
    ledger = PortLedger(RANGE)
    ledger.step(sock.step("connect", up, "EISCONN"))
    assert (ledger.of(0).needed, ledger.of(0).used) == (1, 1)


def test_inherited_connection_to_nowhere_known_is_no_account() -> None:
    sock = History().open(process(1))
    up = sock.socket._replace(binding=Binding.AUTOBOUND, connection=Connection.CONNECTED)
    ledger = PortLedger(RANGE)
    ledger.step(sock.step("inherited", up))
    assert ledger.close(None) == ()


def test_known_source_address_moves_the_connection() -> None:
    history = History()
    socks = [history.open(process(1)) for _ in range(3)]
    steps = [sock.connect(WEB) for sock in socks]
    steps += [socks[0].name("10.0.0.1"), socks[1].name("10.0.0.1")]
    bound = history.open(process(2))
    steps += [bound.bind(at("10.0.0.1")), bound.connect(WEB)]
    assert account(*steps).peak_needed == 4


def test_state_in_the_middle() -> None:
    history = History(0.0)
    ledger = PortLedger(RANGE)
    first, second = history.open(process(1)), history.open(process(1))
    for step in (*early(first), *early(second), first.close()):
        ledger.step(step)
    state = ledger.of(0)
    assert (state.size, state.source) == (100, "option")
    assert (state.pinned, state.waiting) == (1, 1)
    assert (state.needed, state.needed_with_time_wait) == (1, 2)
    assert ledger.of(5).pinned == 0
