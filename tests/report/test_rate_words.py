"""How near a trace's rate comes to the one at which ports run out, in words for a tired person."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.printed import printed

import strace_analyzer as sa

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        (0.5, "42 times the"),
        (6.0, "3.4 times the"),
        (20.0, "102 % of the"),
        (1e4, "under 1 % of the"),
    ],
)
def test_a_rate_far_above_is_so_many_times(pause: float, said: str) -> None:
    """Forty connections, 40 / (39 * pause) a second, where three ports sustain 3 / 60 of
    them; `pause` is in seconds."""
    assert said in words(connections(40, pause))


def test_of_a_mixed_trace_the_early_bound_count() -> None:
    """Forty connections in 19.5 s, every other bound early: 20 / 19.5 a second are to be compared
    with 3 / 60."""
    said = words(connections(40, 0.5, bound=lambda number: number % 2 == 0))
    assert "this trace: 1.0 early-bound connections/s = 20 times the 0.05/s" in said


@settings(max_examples=60)
@given(st.floats(0.0005, 500), st.integers(0, 200))
def test_what_is_printed_beside_each_other_multiplies(pause: float, more: int) -> None:
    """`42 connections/s = 127 times the 0.33/s`: within half of the last digit of the factor."""
    said = words(connections(9, pause), (40000, 40002 + more))
    found = re.search(r": ([\d.,]+) conn\w+/s = ([\d.,]+) (times|% of) the ([\d.,]+)/s", said)
    if found is None:
        assert "under 1 % of the" in said
        return
    made, factor, most = (float(found[at].replace(",", "")) for at in (1, 2, 4))
    unit = 0.01 if found[3] == "% of" else 1.0
    digit = 0.1 if "." in found[2] else 1.0
    assert abs(made - factor * unit * most) <= (0.5 + 1e-6) * digit * unit * most


def words(trace: str, port_range: tuple[int, int] = (40000, 40002)) -> str:
    made = sa.analyze(io.BytesIO(trace.encode()), port_range=port_range)
    return re.sub(r"\s+", " ", printed(made))


def connections(
    times: int, pause: float, bound: Callable[[int], bool] = lambda number: True
) -> str:
    """One after the other, each `bound` early or not; `pause` is in seconds."""
    lines = []
    for number in range(times):
        to = (
            f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.{number % 2}")}}'
        )
        at = 1e9 + number * pause
        bind = f"bind(3, {ANY}) = 0" if bound(number) else "fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)"
        for call in (
            "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
            bind,
            f"connect(3, {to}, 16) = 0",
            "close(3) = 0",
        ):
            lines.append(f"7 {at:.6f} {call}\n")
    return "".join(lines)
