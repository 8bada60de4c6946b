"""Ports that the kernel was seen to choose show a range that is only assumed, or contradict it."""

from __future__ import annotations

import io
import random

import pytest

import strace_analyzer as sa
from strace_analyzer.findings import ChosenPorts

BOUND = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}
7 bind({fd}, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0
7 getsockname({fd}, {{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("0.0.0.0")}}, [16]) = 0
"""
CONNECTED = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}
7 connect({fd}, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}}, 16) = 0
7 getsockname({fd}, {{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("10.0.0.2")}}, [16]) = 0
"""


def chosen(*pieces: str, port_range: tuple[int, int] | None = None) -> ChosenPorts | None:
    made = sa.analyze(io.BytesIO("".join(pieces).encode()), port_range=port_range)
    (use,) = made.traces[0].ports
    return use.chosen


def many(form: str, ports: list[int]) -> list[str]:
    return [form.format(fd=fd, port=port) for fd, port in enumerate(ports, 3)]


def test_twenty_ports_that_lie_close_together_show_the_range() -> None:
    ports = list(range(40000, 40020))
    random.Random(1).shuffle(ports)
    told = chosen(*many(BOUND, ports))
    assert told == ChosenPorts(20, 40000, 40019, shows_range=True)
    assert str(told) == (
        "the kernel chose 20 different ports, all in 40000-40019: fewer than assumed, "
        "--port-range LO-HI gives the range"
    )


@pytest.mark.parametrize(
    "ports",
    [
        pytest.param(list(range(40000, 40019)), id="too few"),
        pytest.param([*range(40000, 40019), 52000], id="one elsewhere"),
        pytest.param(20 * [40000], id="one again and again"),
    ],
)
def test_what_shows_no_range(ports: list[int]) -> None:
    assert chosen(*many(BOUND, ports)) is None


def test_half_of_a_range_is_not_the_range() -> None:
    """With SO_REUSEADDR bind() looks in the lower half first."""
    option = "7 setsockopt({fd}, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n7 bind("
    form = BOUND.replace("7 bind(", option)
    assert chosen(*many(form, list(range(40000, 40020)))) is None


def test_connect_goes_on_from_its_last_port() -> None:
    assert chosen(*many(CONNECTED, list(range(40000, 40040, 2)))) is None


@pytest.mark.parametrize("form", [BOUND, CONNECTED])
def test_a_port_outside_contradicts_the_range(form: str) -> None:
    told = chosen(*many(form, [40000, 15000]))
    assert told == ChosenPorts(None, 15000, 40000, shows_range=False)
    assert str(told).startswith("contradicted: the kernel chose 15000 to 40000")


def test_a_range_that_was_given_is_contradicted_too() -> None:
    told = chosen(*many(BOUND, [15000]), port_range=(32768, 60999))
    assert told == ChosenPorts(None, 15000, 15000, shows_range=False)


def test_a_range_that_was_given_is_not_said_to_be_smaller() -> None:
    ports = list(range(40000, 40020))
    assert chosen(*many(BOUND, ports), port_range=(32768, 60999)) is None


def test_a_fixed_port_was_not_chosen_by_the_kernel() -> None:
    fixed = BOUND.replace("sin_port=htons(0)", "sin_port=htons({port})")
    assert chosen(*many(fixed, [15000])) is None


def test_the_range_of_a_socket_is_its_own() -> None:
    narrow = 7 * 65536 + 1
    option = f"7 setsockopt(3, SOL_IP, IP_LOCAL_PORT_RANGE, [{narrow}], 4) = 0\n7 bind("
    assert chosen(*(piece.replace("7 bind(", option) for piece in many(BOUND, [3]))) is None
