"""How near a trace's rate comes to the one at which ports run out, in words for a tired person."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from report.printed import printed

import strace_analyzer as sa

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        (0.5, "41 times the"),
        (6.0, "3 times the"),
        (20.0, "103 % of the"),
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
    assert "this trace: 1.0 early-bound connections/s = 21 times the 0.1/s" in said


def words(trace: str) -> str:
    made = sa.analyze(io.BytesIO(trace.encode()), port_range=(40000, 40002))
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
