"""A range of ports that is nearly full before anything fails, whoever holds it; and a search for
ports that grows, a leak that is short, a note that says who."""

from __future__ import annotations

import io

import pytest
from report.printed import printed

import strace_analyzer as sa

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
SIX = '{sa_family=AF_INET6, sin6_port=htons(8080), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28'
FOUR = '{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("0.0.0.0")}, 16'
HUNDRED = (40000, 40099)


class Program:
    """Writes a trace, a call every 10 ms."""

    def __init__(self, *, timed: bool = True) -> None:
        self._timed = timed
        self._lines: list[str] = []
        self.pid = 7
        self.call('execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0')
        self.call("close(99) = -1 EBADF (Bad file descriptor)")

    def call(self, text: str, took: float | None = None) -> None:
        at = len(self._lines)
        time = f"10:{at // 6000:02d}:{at % 6000 / 100:09.6f} " if self._timed else ""
        self._lines.append(f"{self.pid} {time}{text}" + ("" if took is None else f" <{took:.6f}>"))

    def connect(
        self, fd: int, host: int = 1, *, early: bool = False, took: float | None = None
    ) -> None:
        self.call(f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}")
        if early:
            self.call(f"bind({fd}, {ANY}) = 0")
        to = f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.{host}")}}, 16'
        going_on = "-1 EINPROGRESS (Operation now in progress)"
        self.call(f"connect({fd}, {to}) = {'0' if took is None else going_on}", took)

    def analysis(self, port_range: tuple[int, int] | None = None) -> sa.Analysis:
        text = "".join(f"{line}\n" for line in self._lines)
        return sa.analyze(io.BytesIO(text.encode()), port_range=port_range)


def one(made: sa.Analysis, rule: str) -> tuple[str, str, str | None] | None:
    """Level, confidence and cause of the one finding of `rule`, None where there is none."""
    found = [finding for finding in made.findings if finding.rule == rule]
    assert len(found) < 2
    return (str(found[0].level), found[0].confidence.value, found[0].cause) if found else None


def connections(
    count: int, hosts: int, *, early: bool, closed: bool, timed: bool = True
) -> sa.Analysis:
    program = Program(timed=timed)
    program.call(
        "setsockopt(98, SOL_SOCKET, SO_REUSEADDR, [1], 4) = -1 EBADF (Bad file descriptor)"
    )
    for number in range(count):
        fd = 3 if closed else 3 + number
        program.connect(fd, 1 + number % hosts, early=early)
        if closed:
            program.call(f"close({fd}) = 0")
    return program.analysis(HUNDRED)


@pytest.mark.parametrize(
    ("count", "hosts", "early", "closed", "expected"),
    [
        (100, 1, True, True, ("error", "certain", "time-wait")),
        (100, 5, True, True, ("error", "certain", "time-wait")),
        (100, 1, True, False, ("error", "certain", "early-binds")),
        (85, 4, True, False, ("warning", "certain", "early-binds")),
        (96, 1, False, True, ("error", "certain", "time-wait")),
        (81, 1, False, False, ("warning", "certain", "one-destination")),
        (79, 1, True, True, None),
        (100, 2, False, False, None),
    ],
)
def test_the_level_is_by_what_is_left_whoever_holds_the_rest(
    count: int,
    hosts: int,
    early: bool,
    closed: bool,
    expected: tuple[str, str, str] | None,
) -> None:
    made = connections(count, hosts, early=early, closed=closed)
    assert one(made, "ephemeral-ports-exhausted") == expected


def shared_out(processes: int, each: int, *, closed: bool, timed: bool, hosts: int) -> sa.Analysis:
    """Every process has one destination, as its neighbours have or one of its own, and binds early
    `each` times: so it needs as many ports as it takes."""
    program = Program(timed=timed)
    for number in range(processes):
        program.pid = 100 + number
        program.call(f'execve("/bin/w", ["w", "{number}"], 0x7ffd1 /* 3 vars */) = 0')
        for nth in range(each):
            program.connect(3 if closed else 3 + nth, 1 + number % hosts, early=True)
            if closed:
                program.call("close(3) = 0")
    return program.analysis(HUNDRED)


@pytest.mark.parametrize(
    ("processes", "hosts", "closed", "timed", "level"),
    [
        (8, 8, False, True, "error"),
        (8, 1, False, True, "error"),
        (7, 7, False, True, "note"),
        (8, 8, True, True, "warning"),
        (8, 8, True, False, "warning"),
        (30, 30, True, True, "warning"),  # more than the range has: some were not in TIME_WAIT
        (8, 1, True, True, "note"),  # one destination needs as many
        (7, 7, True, True, "note"),
    ],
)
def test_early_binds_are_judged_by_what_those_of_all_processes_leave(
    processes: int, hosts: int, closed: bool, timed: bool, level: str
) -> None:
    made = shared_out(processes, 10, closed=closed, timed=timed, hosts=hosts)
    early = [one for one in made.findings if one.rule == "bind-any-port-zero"]
    assert len(early) == 10 * processes
    assert {str(one.level) for one in early} == {level}
    assumed = [one.count for one in made.warnings if one.code == "no-times"]
    assert assumed == ([] if timed else [processes])


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("hosts", [1, 3])
@pytest.mark.parametrize("count", [101, 150, 400])
def test_more_connections_than_ports_did_not_wait_all_at_once(
    count: int, hosts: int, early: bool, timed: bool
) -> None:
    """None failed: ports in TIME_WAIT were given again, or it took longer than they wait. To
    several destinations unbound ones share their ports."""
    if not early:
        count *= hosts
    made = connections(count, hosts, early=early, closed=True, timed=timed)
    assert one(made, "ephemeral-ports-exhausted") is None
    assert {str(finding.level) for finding in made.findings} <= {"note", "warning"}
    assert "in use at one time" not in printed(made)


def test_without_times_nobody_knows_what_waited_at_once() -> None:
    made = connections(100, 1, early=False, closed=True, timed=False)
    assert one(made, "ephemeral-ports-exhausted") == ("error", "probable", "time-wait")
    assert "if all of this happened within 60 s, 99 of these ports are in TIME_WAIT" in (
        " ".join(printed(made).split())
    )


@pytest.mark.parametrize("early", [True, False])
def test_an_option_of_bound_sockets_is_asked_for_where_some_are_bound(early: bool) -> None:
    program = Program()
    for _ in range(100):
        program.connect(3, early=early)
        program.call("close(3) = 0")
    (found,) = (
        one for one in program.analysis(HUNDRED).findings if one.rule == "ephemeral-ports-exhausted"
    )
    assert ("setsockopt-hidden" in found.doubts) == early


def test_ports_says_what_is_left_beside_time_wait() -> None:
    (use,) = connections(100, 5, early=True, closed=True).traces[0].ports
    assert (use.headroom, use.headroom_without_bind) == (99, 99)
    assert (use.headroom_with_time_wait, use.headroom_without_bind_with_time_wait) == (0, 80)


def test_to_loopback_the_kernel_takes_such_ports_again() -> None:
    program = Program()
    to = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16'
    for _ in range(100):
        program.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3")
        program.call(f"connect(3, {to}) = 0")
        program.call("close(3) = 0")
    assert one(program.analysis(HUNDRED), "ephemeral-ports-exhausted") is None


def test_a_range_that_the_trace_shows_is_taken() -> None:
    """Thirty ports chosen at random that lie close together: it is no range of 28,232."""
    program = Program()
    for number in range(30):
        program.connect(3 + number, early=True)
        name = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("0.0.0.0")}, [16]'
        program.call(f"getsockname({3 + number}, {name % (40000 + number)}) = 0")
    found = one(program.analysis(), "ephemeral-ports-exhausted")
    assert found == ("error", "probable", "early-binds")


def growing(calls: int, slow: float, *, hosts: int = 1) -> sa.Analysis:
    """connect() calls that take 10 microseconds, and from their middle on `slow` seconds."""
    program = Program()
    for number in range(calls):
        program.connect(
            3 + number, 1 + number % hosts, took=0.00001 if number < calls // 2 else slow
        )
    return program.analysis()


def test_a_search_that_grows_shows_without_the_range() -> None:
    made = growing(300, 0.0002)
    assert one(made, "slow-port-search") == ("warning", "probable", None)
    assert "28,232 ports, is only assumed" in " ".join(printed(made).split())


@pytest.mark.parametrize(
    ("calls", "slow", "hosts"),
    [
        pytest.param(300, 0.00003, 1, id="it grows little"),
        pytest.param(150, 0.0002, 1, id="of too few"),
        pytest.param(300, 0.0002, 3, id="of too few to each destination"),
    ],
)
def test_what_is_no_search_for_ports(calls: int, slow: float, hosts: int) -> None:
    assert one(growing(calls, slow, hosts=hosts), "slow-port-search") is None


THOUSAND = (40000, 40999)


def filling(slow: dict[int, float], calls: int = 900) -> sa.Analysis:
    """connect() calls of 20 microseconds that fill nine tenths of a range of 1,000 ports; `slow`
    are the seconds of those that take longer, by number."""
    program = Program()
    for number in range(calls):
        program.connect(3 + number, took=slow.get(number, 0.00002))
    return program.analysis(THOUSAND)


@pytest.mark.parametrize(
    "slow",
    [
        pytest.param({}, id="none is slow"),
        pytest.param({899: 0.8}, id="one, the last"),
        pytest.param(dict.fromkeys(range(500, 900, 100), 0.04), id="one in a hundred"),
        pytest.param(dict.fromkeys(range(500, 900, 3), 0.0005), id="one in three"),
        pytest.param(dict.fromkeys(range(500, 720), 0.0005), id="all for a while"),
        pytest.param(dict.fromkeys(range(680, 900), 1.03), id="a SYN sent again"),
        pytest.param(dict.fromkeys(range(500, 900), 0.05), id="longer than any search"),
        pytest.param(
            dict.fromkeys([*range(100, 200), *range(500, 900)], 0.0005), id="at the beginning too"
        ),
        pytest.param(
            dict.fromkeys([*range(500, 700), *range(800, 900)], 0.0005), id="but for a while"
        ),
        pytest.param(dict.fromkeys(range(500, 900), 7.2), id="a SYN sent again, all"),
    ],
)
def test_slow_calls_that_are_no_long_search(slow: dict[int, float]) -> None:
    assert one(filling(slow), "slow-port-search") is None


@pytest.mark.parametrize(
    "slow",
    [
        pytest.param(dict.fromkeys(range(500, 900), 0.0001), id="all"),
        pytest.param({n: 0.0001 if n % 3 else 0.00001 for n in range(450, 900)}, id="two in three"),
        pytest.param(
            {n: 1.03 if n % 2 else 0.0001 for n in range(500, 900)}, id="beside a SYN sent again"
        ),
    ],
)
def test_a_search_that_is_long_for_most_of_the_calls(slow: dict[int, float]) -> None:
    made = filling(slow)
    assert one(made, "slow-port-search") == ("warning", "certain", None)
    (found,) = (each for each in made.findings if each.rule == "slow-port-search")
    assert found.detail("median_when_empty") == pytest.approx(0.00002)
    assert found.detail("median_when_full") == pytest.approx(0.0001)
    assert "takes 100 microseconds, in the median, up from 20" in (" ".join(printed(made).split()))


def leaking(count: int, *, others: bool) -> sa.Analysis:
    """`count` connections that the peer closes, all within a second, to the end of the process."""
    program = Program()
    if not others:
        for number in range(count):
            program.connect(3 + number)
    for number in range(count):
        if others:
            program.connect(3 + number)
        program.call(f'read({3 + number}, "", 512) = 0')
    program.call("+++ exited with 0 +++")
    return program.analysis()


def leaks(made: sa.Analysis) -> list[str]:
    return [str(one.level) for one in made.findings if one.rule == "socket-leak"]


def test_a_leak_within_a_second_is_a_note() -> None:
    assert leaks(leaking(20, others=True)) == ["note"] * 17  # three more came after these


def test_few_or_what_was_in_use_to_the_last_is_none() -> None:
    assert leaks(leaking(9, others=True)) == []
    assert leaks(leaking(20, others=False)) == []


def closing_late(
    batch: int, *, timed: bool = True, exits: bool = True, sleeps: bool = False
) -> sa.Analysis:
    """Twelve connections that the peer closes, and `batch` at a time that we close, after seconds.
    The last of them is the last call of the process, or it `sleeps` after that."""
    program = Program(timed=timed)
    for number in range(12):
        program.connect(3 + number % batch)
        program.call(f'read({3 + number % batch}, "", 512) = 0')
        if (number + 1) % batch == 0:
            for _ in range(200):
                program.call("getpid() = 7")
            for fd in range(batch):
                program.call(f"close({3 + fd}) = 0")
    for _ in range(200 if sleeps else 0):
        program.call("getpid() = 7")
    if exits:
        program.call("+++ exited with 0 +++")
    return program.analysis()


def half_closed(sends: list[float], end: float) -> sa.Analysis:
    """Five connections whose peer has ended its half at second 0; data is sent on each at these
    seconds, and the process ends at second `end`."""
    connect = 'connect({}, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}}, 16) = 0'
    calls: list[tuple[float, str]] = []
    for fd in range(3, 8):
        calls += [
            (0, f"socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = {fd}"),
            (0, connect.format(fd)),
            (0, f'recvfrom({fd}, "", 10, 0, NULL, NULL) = 0'),
        ]
    for at in sends:
        calls += [(at, f'sendto({fd}, "x", 1, 0, NULL, 0) = 1') for fd in range(3, 8)]
    calls.append((end, "+++ exited with 0 +++"))
    text = "".join(f"7 {1700000000 + at:.6f} {call}\n" for at, call in calls)
    return sa.analyze(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("sends", "end", "count"),
    [
        ([], 1.5, 5),
        ([0.1], 1.5, 5),
        ([0.1, 0.9], 1.5, 0),
        ([0.1, 1.1], 9, 0),
        ([1.1], 9, 0),
    ],
)
def test_a_connection_that_the_peer_has_half_closed_is_in_use_while_data_is_sent(
    sends: list[float], end: float, count: int
) -> None:
    assert leaks(half_closed(sends, end)) == ["warning"] * count


@pytest.mark.parametrize(
    ("batch", "options", "count"),
    [
        (12, {}, 9),  # three more came after these
        (12, {"timed": False}, 9),
        (12, {"exits": False}, 0),  # nobody knows whether it goes on
        (12, {"sleeps": True}, 0),  # it did
        (6, {}, 0),  # it closes them while it goes on, if late
        (6, {"timed": False}, 0),
        (1, {}, 0),
    ],
)
def test_sockets_closed_only_as_the_program_ends_were_left_open(
    batch: int, options: dict[str, bool], count: int
) -> None:
    made = closing_late(batch, **options)
    assert leaks(made) == ["warning"] * count
    if count:
        assert "does not close 9 sockets after the peer closed until it ends" in printed(made)


def test_datagrams_know_no_time_wait() -> None:
    program = Program()
    for _ in range(2):
        program.call("socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3")
        program.call(f"bind(3, {FOUR}) = 0")
        program.call("close(3) = 0")
    program.call("socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3")
    program.call(f"bind(3, {FOUR}) = -1 EADDRINUSE (Address already in use)")
    made = program.analysis()
    assert one(made, "port-taken") == ("error", "certain", "unknown")
    assert "TIME-WAIT" not in printed(made)
    assert "TIME_WAIT" not in printed(made)


def test_a_note_beside_others_says_which_port_and_who_has_it() -> None:
    program = Program()
    program.call("socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3")
    program.call(f"bind(3, {SIX}) = 0")
    program.call("listen(3, 5) = 0")
    program.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4")
    program.call(f"bind(4, {FOUR}) = -1 EADDRINUSE (Address already in use)")
    program.call("close(4) = 0")
    program.connect(4, early=True)
    said = " ".join(printed(program.analysis()).split())
    assert "note: port-taken: port 8080 is taken, a (pid 7) cannot have it" in said
    assert "The process has the port itself: a listener on fd 3, bound on line 4." in said


V6 = '{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28'
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"


def test_one_tcp_connect_to_ipv6_proves_nothing_a_datagram_does() -> None:
    program = Program()
    program.call("socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3")
    program.call(f"connect(3, {V6}) = {NOTAVAIL}")
    assert one(program.analysis(), "address-not-available") == ("warning", "probable", "no-ipv6")
    program.call("socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 4")
    program.call(f"connect(4, {V6}) = {NOTAVAIL}")
    assert one(program.analysis(), "address-not-available") == ("warning", "certain", "no-ipv6")


def test_a_port_that_bind_has_taken_was_not_sought_by_connect() -> None:
    program = Program()
    program.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3")
    program.call(f"bind(3, {ANY}) = 0")
    web = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
    program.call(f"connect(3, {web}) = {NOTAVAIL}")
    made = program.analysis()
    assert one(made, "ephemeral-ports-exhausted") is None
    assert one(made, "address-not-available") == ("warning", "probable", "early-pair")
    assert "no port was left\n" not in printed(made)


def test_listen_on_an_older_socket_may_have_another_reason() -> None:
    in_use = "-1 EADDRINUSE (Address already in use)"
    old = sa.analyze(io.BytesIO(f"listen(6, 128) = {in_use}\n".encode()))
    assert one(old, "ephemeral-ports-exhausted") == ("error", "probable", "another-process")
    new = sa.analyze(
        io.BytesIO(
            f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6\nlisten(6, 128) = {in_use}\n".encode()
        )
    )
    assert one(new, "ephemeral-ports-exhausted") == ("error", "certain", "another-process")


def test_more_connections_than_ports_were_given_ports_again() -> None:
    """Of a range of 100 ports, 219 connections within 60 s: none failed, so none is an error."""
    program = Program()
    for _ in range(219):
        program.connect(3)
        program.call("close(3) = 0")
    made = program.analysis(HUNDRED)

    assert one(made, "ephemeral-ports-exhausted") is None
    assert one(made, "connection-churn") == ("note", "certain", None)
    assert "the kernel reused ports in TIME_WAIT" in " ".join(printed(made).split())


def test_as_many_connections_as_ports_are_an_error() -> None:
    program = Program()
    for _ in range(99):
        program.connect(3)
        program.call("close(3) = 0")

    found = one(program.analysis(HUNDRED), "ephemeral-ports-exhausted")
    assert found is not None
    assert found[0] == "error"


@pytest.mark.parametrize("early", [False, True])
def test_a_leak_that_fills_the_range_is_said_beside_what_else_does(early: bool) -> None:
    """Sockets left open after end of file are the cause where nothing but connections fills the range;
    where early binds do, both are told."""
    program = Program()
    program.call(
        "setsockopt(98, SOL_SOCKET, SO_REUSEADDR, [1], 4) = -1 EBADF (Bad file descriptor)"
    )
    for number in range(90):
        program.connect(3 + number, early=early)
        program.call(f'read({3 + number}, "", 9) = 0')
    made = program.analysis(HUNDRED)
    found = one(made, "ephemeral-ports-exhausted")
    assert found == ("warning", "certain", "early-binds" if early else "socket-leak")
    said = " ".join(printed(made).split())
    assert "89 were left open after end of file: see socket-leak." in said
    assert ("fix those binds first" in said) == early
    assert ("Close each socket after the peer has closed" in said) != early
    assert ("89 sockets that read end of file, and are not closed" in said) != early
    assert "One destination has" not in said


def test_a_range_that_connections_fill_without_a_leak_has_the_remedy_of_one_destination() -> None:
    made = connections(90, 1, early=False, closed=False)
    assert "One destination has these ports: reuse conn" in " ".join(printed(made).split())
    assert "end of file" not in printed(made)


@pytest.mark.parametrize(
    ("alone", "connected", "cause"),
    [(1, 99, "one-destination"), (50, 50, "own-sockets"), (100, 0, "own-sockets")],
)
def test_few_sockets_with_a_port_of_their_own_are_not_to_blame(
    alone: int, connected: int, cause: str
) -> None:
    program = Program()
    for number in range(alone):
        program.call(f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {3 + number}")
        program.call(f"bind({3 + number}, {FOUR.replace('8080', str(40000 + number))}) = 0")
    for number in range(connected):
        program.connect(200 + number)
    program.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 900")
    to = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16'
    program.call(f"connect(900, {to}) = {NOTAVAIL}")
    found = one(program.analysis(HUNDRED), "ephemeral-ports-exhausted")
    # certain if the same destination was reached before
    assert found == ("error", "certain" if connected else "probable", cause)


INUSE = "-1 EADDRINUSE (Address already in use)"
HERE = ANY.replace("0.0.0.0", "127.0.0.1")


@pytest.mark.parametrize(
    ("listens", "cause", "said"),
    [
        (False, "early-binds", "Sockets of this trace that are bound to port 0 hold the ports"),
        (True, "own-sockets", "Have fewer listeners whose ports the kernel chooses"),
    ],
)
@pytest.mark.parametrize(("size", "held"), [(100, 100), (3, 2)])
def test_sockets_that_are_bound_to_an_address_and_go_nowhere_are_to_blame(
    listens: bool, cause: str, said: str, size: int, held: int
) -> None:
    """Of three ports TCP uses two (docs/kernel.md, "The search for a port")."""
    program = Program()
    for fd in range(3, 3 + held):
        program.call(f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}")
        program.call(f"bind({fd}, {HERE}) = 0")
        if listens:
            program.call(f"listen({fd}, 5) = 0")
    program.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 900")
    program.call(f"bind(900, {HERE}) = {INUSE}")
    made = program.analysis((40000, 39999 + size))
    assert one(made, "ephemeral-ports-exhausted") == ("error", "certain", cause)
    assert said in " ".join(printed(made).split())


def test_bound_sockets_without_a_connection_are_said_to_have_none() -> None:
    program = Program()
    for fd in range(3, 93):
        program.call(f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}")
        program.call(f"bind({fd}, {ANY}) = 0")
    report = " ".join(printed(program.analysis(HUNDRED)).split())
    assert "bind() with port 0 holds 90 of these ports" in report
    assert "None of these sockets had a connection then" in report
