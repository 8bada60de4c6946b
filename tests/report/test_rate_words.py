"""How near a trace's rate comes to the one at which ports run out, in words for a tired person."""

from __future__ import annotations

import io
import re

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
    lines = []
    for number in range(40):
        to = (
            f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.{number % 2}")}}'
        )
        at = 1e9 + number * pause
        for call in (
            "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
            f"bind(3, {ANY}) = 0",
            f"connect(3, {to}, 16) = 0",
            "close(3) = 0",
        ):
            lines.append(f"7 {at:.6f} {call}\n")
    made = sa.analyze(io.BytesIO("".join(lines).encode()), port_range=(40000, 40002))
    assert said in re.sub(r"\s+", " ", printed(made))
