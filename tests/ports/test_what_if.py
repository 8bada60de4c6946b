"""Forecasts for another range: worked out by hand."""

from __future__ import annotations

import pytest
from ports.histories import ANY, History, Sock, at, process

from strace_analyzer.kernel.socket_state import Options
from strace_analyzer.kernel.step import Step
from strace_analyzer.ports.scenario import Scenario, Variation
from strace_analyzer.ports.what_if import Forecast, WhatIf

A, B, C = (at(f"192.0.2.{host}", 80) for host in (1, 2, 3))
TEN = (40000, 40009)


def forecast(
    steps: list[Step], port_range: tuple[int, int] = TEN
) -> dict[tuple[Variation, bool], Forecast]:
    what_if = WhatIf(port_range)
    for step in steps:
        what_if.step(step)
    return {(item.change, item.time_wait): item for item in what_if.close()}


def early(history: History, count: int, *to: object, close: bool = False) -> list[Step]:
    steps: list[Step] = []
    for number in range(count):
        sock = history.open(process(1))
        steps += [sock.bind(), sock.connect(to[number % len(to)])]  # type: ignore[arg-type]
        if close:
            steps.append(sock.close())
    return steps


def test_thirty_early_binds_to_three_destinations() -> None:
    """Ten ports: ten sockets as it is, thirty without the bind."""
    history = History(100.0)
    told = forecast(early(history, 30, A, B, C))
    as_is = told[Variation.AS_IS, False]
    assert as_is.first is not None
    assert (as_is.first.call, as_is.first.errno) == ("bind", "EADDRINUSE")
    assert (as_is.first.line, as_is.first.connections, as_is.first.seconds) == (21, 10, 0.0)
    assert (as_is.refused, as_is.peak) == (20, 10)
    for change in (Variation.NO_EARLY_BIND, Variation.NO_PORT):
        assert told[change, False].first is None
        assert told[change, False].peak == 10


def test_one_destination_runs_dry_whatever_one_does() -> None:
    told = forecast(early(History(), 11, A))
    assert {item.refused for item in told.values()} == {1}
    without = told[Variation.NO_PORT, True].first
    assert without is not None
    assert (without.call, without.errno) == ("connect", "EADDRNOTAVAIL")


def test_address_binds_stay_without_early_binds() -> None:
    history = History()
    steps: list[Step] = []
    for to in (A, B) * 10:
        sock = history.open(process(1))
        steps += [sock.bind(at("10.0.0.1")), sock.connect(to)]
    told = forecast(steps)
    refused = {change: told[change, False].refused for change in Variation}
    assert refused == {Variation.AS_IS: 10, Variation.NO_EARLY_BIND: 10, Variation.NO_PORT: 0}


def test_time_wait_is_the_high_bound() -> None:
    history = History(0.0)
    told = forecast(early(history, 30, A, B, C, close=True))
    refused = {key: item.refused for key, item in told.items()}
    assert refused[Variation.AS_IS, False] == 0
    assert refused[Variation.AS_IS, True] == 20
    assert refused[Variation.NO_PORT, True] == 0


def test_time_wait_is_over_after_a_minute() -> None:
    history = History(0.0)
    steps = early(history, 10, A, close=True)
    history.now = 59.9
    steps += early(history, 1, A, close=True)
    history.now = 60.0
    steps += early(history, 10, A, close=True)
    assert forecast(steps)[Variation.AS_IS, True].refused == 1


def test_no_times_no_time_wait() -> None:
    told = forecast(early(History(None), 11, A, close=True))
    assert {time_wait for _, time_wait in told} == {False}
    first = forecast(early(History(None), 11, A))[Variation.AS_IS, False].first
    assert first is not None
    assert first.seconds is None


def test_calls_that_failed_in_the_trace_ask_again() -> None:
    """In ten ports the trace's own failure is foreseen; in twenty it would not have happened."""
    history = History()
    steps = early(history, 10, A)
    sock = history.open(process(1))
    steps += [sock.bind(ANY, "EADDRINUSE"), sock.close()]
    fixed = history.open(process(1))
    steps.append(fixed.bind(at("0.0.0.0", 80), "EADDRINUSE"))
    assert forecast(steps)[Variation.AS_IS, False].refused == 1
    assert forecast(steps, (40000, 40019))[Variation.AS_IS, False].refused == 0
    assert forecast(steps)[Variation.NO_PORT, False].refused == 0  # where to is not known


def test_failed_address_bind_asks_again_where_it_stays() -> None:
    history = History()
    steps: list[Step] = []
    for _ in range(10):
        sock = history.open(process(1))
        steps += [sock.bind(at("10.0.0.1")), sock.connect(A)]
    steps.append(history.open(process(1)).bind(at("10.0.0.1"), "EADDRINUSE"))
    told = forecast(steps)
    refused = {change: told[change, False].refused for change in Variation}
    assert refused == {Variation.AS_IS: 1, Variation.NO_EARLY_BIND: 1, Variation.NO_PORT: 0}


@pytest.mark.parametrize(
    ("errno", "duration", "asks"),
    [
        ("ECONNREFUSED", None, True),
        ("EADDRNOTAVAIL", None, True),
        ("EHOSTUNREACH", 1.0, True),
        ("ENETUNREACH", 0.00001, False),
    ],
)
def test_a_connect_that_failed_had_asked_for_a_port(
    errno: str, duration: float | None, asks: bool
) -> None:
    history = History()
    steps = [history.open(process(1)).connect(A) for _ in range(10)]
    steps.append(history.open(process(1)).connect(A, errno, duration))
    assert forecast(steps)[Variation.AS_IS, False].refused == int(asks)


def test_datagrams_have_one_scenario() -> None:
    history = History()

    def udp() -> Sock:
        return history.open(process(1), protocol="UDP", type="SOCK_DGRAM")

    steps = [udp().connect(A) for _ in range(9)]
    bound, late, silent = udp(), udp(), udp()
    steps += [bound.bind(), late.connect(B, "EAGAIN"), silent.send("EAGAIN"), silent.send("EIO")]
    steps.append(udp().connect(B))
    what_if = WhatIf(TEN)
    for step in steps:
        what_if.step(step)
    (told,) = what_if.close()
    assert (told.protocol, told.change, told.refused) == ("UDP", Variation.AS_IS, 3)
    assert told.first is not None
    assert (told.first.call, told.first.errno) == ("connect", "EAGAIN")


def test_raw_sockets_take_no_ports() -> None:
    raw = History().open(process(1), protocol="RAW", type="SOCK_RAW")
    assert forecast([raw.bind(), raw.connect(A)]) == {}


def test_listen_takes_a_port() -> None:
    history = History()
    steps = [history.open(process(1)).connect(A) for _ in range(10)]
    steps.append(history.open(process(1)).listen())
    steps.append(history.open(process(1)).listen("EADDRINUSE"))
    first = forecast(steps)[Variation.NO_PORT, False].first
    assert first is not None
    assert (first.call, first.errno, first.line) == ("listen", "EADDRINUSE", 11)
    assert forecast(steps)[Variation.AS_IS, False].refused == 2


def test_refused_socket_may_try_again() -> None:
    """What the model refused holds nothing, until the trace itself gave up and tries anew."""
    history = History()
    held = [history.open(process(1)) for _ in range(10)]
    steps = [sock.connect(A) for sock in held]
    late = history.open(process(1))
    steps += [late.connect(A), late.eof(), late.disconnect(), held[0].close(), late.connect(A)]
    assert forecast(steps)[Variation.AS_IS, False].refused == 1


def test_bound_socket_that_fails_keeps_or_gives_its_port() -> None:
    history = History()
    steps: list[Step] = []
    for _ in range(30):
        sock = history.open(process(1))
        steps += [sock.bind(), sock.connect(A, "ECONNREFUSED", released=True)]
    assert forecast(steps)[Variation.AS_IS, False].peak == 1
    for _ in range(10):
        sock = history.open(process(1))
        steps += [sock.bind(), sock.connect(A, "ENETUNREACH", 0.00001)]
    assert forecast(steps)[Variation.AS_IS, False].peak == 10
    assert forecast(steps)[Variation.NO_PORT, False].peak == 0


def test_ranges_of_sockets_are_tables_of_their_own() -> None:
    history = History()
    narrow = Options(port_range=(40000, 40001))
    steps: list[Step] = []
    for _ in range(3):
        sock = history.open(process(1), options=narrow)
        steps += [sock.bind(), sock.connect(A)]
    steps += early(history, 3, A)
    assert forecast(steps)[Variation.AS_IS, False].refused == 1


def test_source_addresses_are_learned() -> None:
    """Five connections to A come from 10.0.0.1: five more ports are left to a bind there."""
    history = History()
    socks = [history.open(process(1)) for _ in range(5)]
    steps = [sock.connect(A) for sock in socks]
    steps += [socks[0].name("10.0.0.1"), socks[1].name("10.0.0.1"), socks[2].name("10.0.0.2")]
    for _ in range(7):
        steps.append(history.open(process(1)).bind(at("10.0.0.1")))
    told = forecast(steps)[Variation.AS_IS, False]
    assert told.refused == 1  # of the five, one has shown that it comes from elsewhere


def test_autobind_reuse_may_fail_at_connect() -> None:
    history = History()
    scenario = Scenario(40000, 40001, Variation.AS_IS, time_wait=False, autobind_reuse=True)
    served = []
    for _ in range(3):
        sock = history.open(process(1), options=Options(reuse_address=True))
        served += [scenario.step(sock.bind(), None), scenario.step(sock.connect(A), None)]
    assert served == [True, True, True, True, True, False]
    assert (scenario.served, scenario.refused, scenario.connected) == (5, 1, 2)


def test_namespaces_have_ranges_of_their_own() -> None:
    history = History()
    what_if = WhatIf((40000, 40000))
    for namespace in (0, 1):
        sock = history.open(process(1, namespace))
        what_if.step(sock.bind())
    assert [item.refused for item in what_if.close() if not item.time_wait] == [0] * 6
