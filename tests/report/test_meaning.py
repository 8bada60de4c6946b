"""The line under the verdict that says what the figures mean, and the chart with TIME_WAIT."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import ERLANG, run

from strace_analyzer.findings import TimelinePoint
from strace_analyzer.plain import rate
from strace_analyzer.report.text.port_chart import chart


def connections(*ports: int, pause: float = 0.1, to: str = "192.0.2.7") -> str:
    """Early binds, one after the other, each closed by us first."""
    lines = []
    for number, port in enumerate(ports):
        at = 1_700_000_000 + number * pause
        peer = f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{to}")}}'
        any_ = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
        lines += [
            f"7 {at:.6f} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"7 {at + 0.01:.6f} bind(3, {any_}, 16) = 0",
            f"7 {at + 0.02:.6f} connect(3, {peer}, 16) = 0",
            f"7 {at + 0.03:.6f} close(3) = 0",
        ]
    return "".join(f"{line}\n" for line in lines)


def before_the_why(trace: Path, text: str, *options: str) -> str:
    trace.write_text(text)
    lines = run(trace, *options).stdout.splitlines()
    return lines[lines.index("") - 1]


def test_the_rate_against_the_one_at_which_ports_run_out() -> None:
    lines = run(ERLANG).stdout.splitlines()
    assert lines[1] == "  this trace: 25 connections/s = 5 % of the 470/s at which ports run out"


def test_one_destination_costs_nothing(tmp_path: Path) -> None:
    said = before_the_why(tmp_path / "t", connections(*[80] * 9))
    assert said == (
        "  one destination: the bind costs nothing here; keep-alive would save 8 connections"
    )


FAILED = (
    "7 1700000020.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
    '7 200.010000 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16)'
    " = -1 EADDRINUSE (Address already in use)\n"
)


def test_the_bind_costs_where_it_failed_for_want_of_a_port(tmp_path: Path) -> None:
    """Whatever the destination: the report says above that bind() found no port."""
    text = connections(*[80] * 9) + FAILED
    trace = tmp_path / "t"
    said = before_the_why(trace, text, "--port-range", "40000-40009")
    assert said == "  one destination: keep-alive would save 8 connections"
    assert "costs nothing" not in run(trace, "--port-range", "40000-40009", "--all").stdout


@pytest.mark.parametrize("to", ["127.0.0.1", "127.0.0.53"])
def test_to_loopback_the_bind_costs_though_there_is_one_destination(
    to: str, tmp_path: Path
) -> None:
    """A port in TIME_WAIT is given again by connect() after a second, by bind() never: without the
    bind there is no rate at which they run out."""
    said = before_the_why(
        tmp_path / "t", connections(*[80] * 9, to=to), "--port-range", "40000-40009"
    )
    assert said.endswith(" at which ports run out")
    lines = run(tmp_path / "t", "--port-range", "40000-40009").stdout.splitlines()
    (row,) = (line.split() for line in lines if line.startswith("  ports run out at"))
    assert row == ["ports", "run", "out", "at", "0.17/s", "in", "all", "no", "rate"]
    assert any("connect() gives ports in TIME_WAIT again after 1 s" in line for line in lines)


def test_a_small_range_has_a_rate_with_a_decimal(tmp_path: Path) -> None:
    text = connections(*[80, 81] * 4, pause=20.0)
    said = before_the_why(tmp_path / "t", text, "--port-range", "40000-40025")
    assert said.endswith("% of the 0.43/s at which ports run out")
    assert "ports run out at" in run(tmp_path / "t", "--port-range", "40000-40025").stdout
    assert " 0/s" not in run(tmp_path / "t", "--port-range", "40000-40025").stdout


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (470.5, "470"),
        (10.0, "10"),
        (9.9, "9.9"),
        (0.43, "0.43"),
        (0.1667, "0.17"),
        (0.0166, "0.017"),
        (9.96, "10"),
        (1.04, "1.0"),
        (0.00002, "0.00002"),
        (0.0, "0"),
    ],
)
def test_rates(value: float, said: str) -> None:
    assert rate(value) == said


def test_the_chart_shows_what_waits() -> None:
    points = [TimelinePoint(float(at), 1, 1, at) for at in range(100)]
    lines = chart(points, 80)
    assert lines[0].startswith("100 ")
    assert "·" in lines[0]
    assert "· otherwise held, or in TIME_WAIT" in lines[-1]
    assert "at most in TIME_WAIT" in chart(points, 80, timed=False)[-1]
    assert "TIME_WAIT" not in chart([TimelinePoint(0.0, 1, 1)], 80)[-1]


def test_the_chart_of_a_service_that_closes_first_is_not_flat() -> None:
    """One at a time is open, and forty ports are taken in the end."""
    lines = run("ports", ERLANG).stdout.splitlines()
    (top,) = [line for line in lines if line.startswith("  40 ")]
    assert "·" in top
