"""Ports in TIME_WAIT that connect() gives again: said alike in the report, on the page, in JSON and in the
account of ports, by the setting that is in force where it is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.running import run
from report.test_meaning import connections

LOOPBACK, OTHER = "127.0.0.1", "192.0.2.7"
AGAIN = "connect() gives ports in TIME_WAIT again after 1 s"
RANGE = ("--port-range", "40000-40999")


@pytest.mark.parametrize(
    ("reuse", "to", "said"),
    [
        (None, LOOPBACK, f"to loopback {AGAIN}, bind() does not"),
        (
            2,
            LOOPBACK,
            f"to loopback {AGAIN}, with net.ipv4.tcp_tw_reuse=2 as here, bind() does not",
        ),
        (1, LOOPBACK, f"with net.ipv4.tcp_tw_reuse=1, as here, {AGAIN}, bind() does not"),
        (1, OTHER, f"with net.ipv4.tcp_tw_reuse=1, as here, {AGAIN}, bind() does not"),
        (0, LOOPBACK, None),
        (0, OTHER, None),
        (2, OTHER, None),
        (None, OTHER, None),
    ],
)
def test_where_ports_last_for_ever_without_the_bind(
    reuse: int | None, to: str, said: str | None, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    head = "" if reuse is None else f"# strace-analyzer: net.ipv4.tcp_tw_reuse = {reuse}\n"
    trace.write_text(head + connections(*[80, 81] * 20, to=to))
    text = " ".join(run(trace, *RANGE).stdout.split())
    page = run(trace, "--format", "html", *RANGE).stdout
    account = " ".join(run("ports", trace, *RANGE).stdout.split())
    (use,) = json.loads(run(trace, "--format", "json", *RANGE).stdout)["traces"][0]["ports"]
    limit = use["sustainable_per_second"]
    assert limit["as_is"] == pytest.approx(1000 / 60)
    if said is None:
        assert AGAIN not in text + page
        assert "16/s per destination" in text
        assert "16 conn/s per destination" in account
        assert limit["without_bind_per_destination"] == limit["as_is"]
    else:
        assert said in text
        assert said in page
        assert "16 conn/s in all no rate" in account
        assert limit["without_bind_per_destination"] is None


def test_to_loopback_and_elsewhere_the_rate_is_that_of_the_others(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    other = connections(*[80] * 20, to=OTHER).replace(" 17000000", " 17000001")
    trace.write_text(connections(*[80, 81] * 20, to=LOOPBACK) + other)
    assert "16/s per destination but loopback" in " ".join(run(trace, *RANGE).stdout.split())
    assert "16 conn/s per destination but loopback" in (
        " ".join(run("ports", trace, *RANGE).stdout.split())
    )


def test_of_a_range_that_the_trace_refutes_no_rate_is_told(tmp_path: Path) -> None:
    """The kernel chose ports that lie outside of the assumed range."""
    shown = '{sa_family=AF_INET, sin_port=htons(2000), sin_addr=inet_addr("192.0.2.1")}, [16]'
    name = f"7 1700000000.025000 getsockname(3, {shown}) = 0\n"
    first, rest = connections(80, 81, 80).split("7 1700000000.030000", 1)
    trace = tmp_path / "trace"
    trace.write_text(f"{first}{name}7 1700000000.030000{rest}")
    (use,) = json.loads(run(trace, "--format", "json").stdout)["traces"][0]["ports"]
    assert use["chosen_ports"] is not None
    assert use["sustainable_per_second"] == {"as_is": None, "without_bind_per_destination": None}
    assert "of a range that is not known" in run(trace, "--format", "html").stdout
