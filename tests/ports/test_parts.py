"""The parts of the account, each by itself."""

from __future__ import annotations

import pytest
from ports.histories import ANY, History, at, process

from strace_analyzer.findings import TimelinePoint
from strace_analyzer.kernel.destination import Destination, Family, specific
from strace_analyzer.kernel.socket_state import Binding, Connection, Options, Origin, Socket
from strace_analyzer.machine.facts import Facts
from strace_analyzer.ports.claim import Owned, Shared, claim, shared
from strace_analyzer.ports.concurrency import Concurrency, Sources, begin, end
from strace_analyzer.ports.port_range import PortRange, narrowed, of_namespace
from strace_analyzer.ports.port_table import PortTable
from strace_analyzer.ports.timeline import POINTS, Timeline
from strace_analyzer.trace.sockaddr import SocketAddress

WEB = Destination("192.0.2.1", 80)
DNS = Destination("192.0.2.2", 53)


def _socket(**changes: object) -> Socket:
    socket = Socket(0, 0, Origin.CREATED, "AF_INET", "SOCK_STREAM", "TCP")
    return socket._replace(**changes)  # type: ignore[arg-type]


def test_concurrency_counts_by_destination_and_source() -> None:
    count = Concurrency()
    begin([count], (WEB, None))
    begin([count], (WEB, None))
    begin([count], (DNS, None))
    begin([count], (WEB, "10.0.0.9"))
    assert (count.now, count.peak) == (2, 2)
    end([count], (WEB, None))
    assert (count.now, count.peak) == (1, 2)


def test_one_socket_that_shows_its_source_speaks_for_all() -> None:
    sources = Sources()
    count = Concurrency()
    for _ in range(3):
        begin([count], (WEB, None))
    begin([count], (WEB, "10.0.0.9"))
    assert sources.learn(WEB, "10.0.0.9")
    assert not sources.learn(WEB, "10.0.0.8")
    place = WEB, sources.get(WEB)
    assert place == (WEB, "10.0.0.9")
    count.learned(place)
    assert count.count((WEB, None)) == 0
    assert count.count(place) == count.now == 4
    for _ in range(4):
        end([count], place)
    assert (count.now, count.peak) == (0, 4)
    count.learned(place)
    assert count.now == 0


@pytest.mark.parametrize(
    ("option", "host", "expected"),
    [
        ((40000, 40099), (1, 2), PortRange(40000, 40099, "option")),
        (None, (32768, 60999), PortRange(32768, 60999, "host")),
        (None, None, PortRange(32768, 60999, "assumed")),
    ],
)
def test_range(
    option: tuple[int, int] | None, host: tuple[int, int] | None, expected: PortRange
) -> None:
    assert of_namespace(option, host) == expected


@pytest.mark.parametrize(
    ("source", "wanted", "low", "high", "by"),
    [
        ("host", None, 40000, 40099, "host"),
        ("host", (40010, 40029), 40010, 40029, "socket-option"),
        ("host", (0, 40029), 40000, 40029, "socket-option"),
        ("host", (40090, 0), 40090, 40099, "socket-option"),
        ("host", (39000, 40009), 40000, 40009, "socket-option"),
        ("host", (50000, 50019), 40000, 40099, "host"),
        ("assumed", (50000, 50019), 50000, 50019, "socket-option"),
        ("assumed", (50000, 100), 40000, 40099, "assumed"),
    ],
)
def test_socket_option_is_clamped(
    source: str, wanted: tuple[int, int] | None, low: int, high: int, by: str
) -> None:
    assert narrowed(PortRange(40000, 40099, source), wanted) == PortRange(low, high, by)


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, None), ({"net.ipv4.ip_local_port_range": "40000\t40099\n"}, (40000, 40099))],
)
def test_host_range_is_read_where_there_is_one(
    values: dict[str, str], expected: tuple[int, int] | None
) -> None:
    assert Facts(values).port_range == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"binding": Binding.DEFERRED, "local": ANY}, None),
        ({"binding": Binding.EPHEMERAL, "local": ANY}, Owned(Family.V4, None)),
        (
            {"binding": Binding.EPHEMERAL, "local": at("10.0.0.1")},
            Owned(Family.V4, "10.0.0.1"),
        ),
        (
            {"binding": Binding.BOUND, "local": at("10.0.0.1", 4000)},
            Owned(Family.V4, "10.0.0.1", 4000),
        ),
        ({"binding": Binding.BOUND, "local": None}, None),
        (
            {"binding": Binding.AUTOBOUND, "connection": Connection.LISTENING},
            Owned(Family.V4, None),
        ),
        ({"binding": Binding.AUTOBOUND}, None),
        (
            {
                "binding": Binding.AUTOBOUND,
                "connection": Connection.CONNECTED,
                "peer": at("192.0.2.1", 80),
            },
            Shared(Family.V4, WEB, None),
        ),
        (
            {"binding": Binding.AUTOBOUND, "protocol": "UDP", "type": "SOCK_DGRAM"},
            Owned(Family.V4, None),
        ),
        (
            {"domain": "AF_INET6", "binding": Binding.EPHEMERAL, "local": at("::")},
            Owned(Family.DUAL, None),
        ),
        (
            {
                "domain": "AF_INET6",
                "binding": Binding.EPHEMERAL,
                "local": at("::"),
                "options": Options(ipv6_only=True),
            },
            Owned(Family.V6, None),
        ),
        (
            {"domain": "AF_INET6", "binding": Binding.EPHEMERAL, "local": at("2001:db8::1")},
            Owned(Family.V6, "2001:db8::1"),
        ),
        (
            {
                "domain": "AF_INET6",
                "binding": Binding.EPHEMERAL,
                "local": SocketAddress("AF_INET6", "::ffff:0.0.0.0", 0),
            },
            Owned(Family.V4, None),
        ),
        (
            {
                "domain": "AF_INET6",
                "binding": Binding.AUTOBOUND,
                "connection": Connection.CONNECTING,
                "peer": SocketAddress("AF_INET6", "::ffff:192.0.2.1", 80),
            },
            Shared(Family.V4, WEB, None),
        ),
    ],
)
def test_claim(changes: dict[str, object], expected: object) -> None:
    assert claim(_socket(**changes)) == expected


def test_claim_under_autobind_reuse() -> None:
    bound = _socket(binding=Binding.EPHEMERAL, local=ANY, options=Options(reuse_address=True))
    assert claim(bound, autobind_reuse=True) == Owned(Family.V4, None, reusable=True)
    assert claim(bound) == Owned(Family.V4, None)
    up = bound._replace(connection=Connection.CONNECTED, peer=at("192.0.2.1", 80))
    assert claim(up, autobind_reuse=True) == Shared(Family.V4, WEB, None)


def test_no_destination_shares_nothing() -> None:
    assert shared(_socket(), None) is None
    assert specific(SocketAddress("AF_INET")) is None
    mapped = SocketAddress("AF_INET6", "::ffff:10.0.0.1", 0)
    assert specific(mapped) == "10.0.0.1"


def test_table_is_empty_again_when_all_is_given_back() -> None:
    table = PortTable(40000, 40003, Sources())
    claims = [
        Owned(Family.V4, None),
        Owned(Family.V6, None),
        Owned(Family.DUAL, None),
        Owned(Family.V4, "10.0.0.1"),
        Owned(Family.V4, None, 40001),
        Owned(Family.V4, None, 40001),
        Owned(Family.V4, None, 80),
        Owned(Family.V4, None, reusable=True),
        Owned(Family.DUAL, None, reusable=True),
        Shared(Family.V4, WEB, None),
        Shared(Family.V4, WEB, "10.0.0.1"),
    ]
    used = []
    for item in claims:
        table.change(item, 1)
        used.append(table.used)
    # IPv6's port may be the IPv4 one; a named port counts once, one outside the range not at all;
    # never more than the range
    assert used == [1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4]
    for item in claims:
        table.change(item, -1)
    assert table.used == 0
    assert all(table.fits(item) for item in claims)


def test_bind_to_an_address_meets_connections_known_to_come_from_it() -> None:
    sources = Sources()
    table = PortTable(40000, 40001, sources)
    table.change(Shared(Family.V4, WEB, None), 1)
    table.change(Shared(Family.V4, WEB, None), 1)
    assert table.fits(Owned(Family.V4, "10.0.0.1"))
    assert not table.fits(Owned(Family.V4, None))
    sources.learn(WEB, "10.0.0.1")
    table.learned(WEB)
    assert not table.fits(Owned(Family.V4, "10.0.0.1"))
    assert table.fits(Owned(Family.V4, "10.0.0.2"))
    assert table.fits(Shared(Family.V4, DNS, None))
    table.change(Shared(Family.V4, WEB, None), -1)
    assert table.fits(Owned(Family.V4, "10.0.0.1"))
    sources.learn(DNS, "10.0.0.2")
    table.learned(DNS)
    assert table.fits(Owned(Family.V4, "10.0.0.2"))


def test_reusable_ports_are_open_to_their_like() -> None:
    table = PortTable(40000, 40000, Sources())
    table.change(Owned(Family.V4, None, reusable=True), 1)
    assert table.fits(Owned(Family.V4, None, reusable=True))
    assert table.fits(Owned(Family.V4, "10.0.0.1", reusable=True))
    assert not table.fits(Owned(Family.V4, None))
    assert not table.fits(Owned(Family.V4, "10.0.0.1"))
    assert not table.fits(Owned(Family.DUAL, None))


def test_timeline_keeps_its_size() -> None:
    line = Timeline(100.0, 1.0)
    for second in range(1000):
        line.record(100.0 + second, held=second % 10, needed=1)
    points = line.points(origin=90.0)
    assert POINTS // 2 <= len(points) <= POINTS
    assert points[0] == TimelinePoint(10.0, 7, 1)
    assert max(point.held for point in points) == 9


def test_timeline_carries_levels_over_quiet_spans() -> None:
    line = Timeline(0.0, 1.0)
    line.record(0.0, 3, 1)
    line.record(4.5, 0, 0)
    assert [(m.at, m.held, m.needed) for m in line.points(0.0)] == [
        (0.0, 3, 1),
        (1.0, 3, 1),
        (2.0, 3, 1),
        (3.0, 3, 1),
        (4.0, 3, 1),
    ]


def test_history_yields_what_the_tracker_would() -> None:
    """The builder of these tests against the words of docs/kernel.md."""
    sock = History().open(process(1))
    assert sock.bind().now == sock.socket
    assert sock.socket.binding is Binding.EPHEMERAL
    step = sock.connect(at("192.0.2.1", 80), "ECONNREFUSED", released=True)
    assert step.now is not None
    assert step.now.was_released
    assert step.now.binding is Binding.DEFERRED
    assert step.errno == "ECONNREFUSED"
