"""`strace-analyzer ports`: what it prints, exactly, and its data."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.findings import TimelinePoint
from strace_analyzer.report.text.port_chart import ASCII, chart

WEB = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.%d")}'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("%s")}'


def connection(second: float, fd: int, host: int, bind: str | None, closed: bool = True) -> str:
    """One connection of process 812 as strace prints it."""
    calls = [f"socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = {fd}"]
    if bind is not None:
        calls.append(f"bind({fd}, {ANY % bind}, 16) = 0")
    calls.append(f"connect({fd}, {WEB % host}, 16) = 0")
    if closed:
        calls.append(f"close({fd}) = 0")
    return "".join(f"812 {second:.6f} {call}\n" for call in calls)


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Four early binds to two destinations, two of them closed by us; one bound to an address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")
    text = '812 1700000000.000000 execve("/usr/bin/fetch", ["fetch"], 0x7ffc /* 9 vars */) = 0\n'
    text += connection(1700000001, 3, 1, "0.0.0.0")
    text += connection(1700000002, 3, 2, "0.0.0.0")
    text += connection(1700000003, 3, 1, "0.0.0.0", closed=False)
    text += connection(1700000004, 4, 2, "0.0.0.0", closed=False)
    text += connection(1700000005, 5, 2, "10.0.0.5", closed=False)
    Path("trace").write_text(text)
    return "trace"


def test_text(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--port-range", "40000-40009", "--what-if", "40000-40001", trace]) == 0
    assert (
        capsys.readouterr().out
        == """\
trace
5 outgoing TCP connections, 4 of them bound early

  LOCAL PORTS TAKEN       BY EARLY BINDS  NEEDED BY ALL CONNECTIONS
  open at the same time                2                          1
  with 60 s of TIME_WAIT               4                          2

  LOCAL PORTS LEFT                   AS IT IS            WITHOUT THE BINDS
  at most                                   7                            9
  with 60 s of TIME_WAIT                    5                            8
  none, closing first, at  0.17 conn/s in all  0.17 conn/s per destination
  range 40000-40009 (10 ports), given by --port-range
  most ports pinned first 4.00 s after the trace began
  1.0 connections per second in this trace
  at most: sockets of other processes are not counted
  at the rate of this trace the ports run out after 18 s at most
  the early binds take 2.0 times the ports that are needed
  2 ports still pinned when the trace ends

  5 │                                                                                 ·
    │                                                             ·····················
    │                                        ··········································
    │                    ·········································░░░░░░░░░░░░░░░░░░░░░
    │█···················█···················██████████████████████████████████████████
  0 └──────────────────────────────────────────────────────────────────────────────────
     1.00 s                                                                      5.03 s
     █ needed   ░ held by bind() beyond that   · otherwise held, or in TIME_WAIT

  PROCESS     PINNED  IN ALL  NEEDED  WITH TIME_WAIT  RAN OUT
  fetch[812]       2       4       1           4 / 2

  DESTINATION   CONNECTIONS  EARLY-BOUND  AT ONCE  PROTOCOL
  192.0.2.2:80            3            2        2  TCP
  192.0.2.1:80            2            2        1  TCP

  BOUND TO ADDRESS, PORT 0  PINNED  IN ALL
  10.0.0.5                       1       1

What if TCP had ports 40000-40001 (2 ports)?
                                TIME_WAIT   USED  ENOUGH?
  as is                         left out       2  no: bind() EADDRINUSE after 5.00 s, line
                                                  17, with 4 connections made; 1 in all
                                counted        2  no: bind() EADDRINUSE after 3.00 s, line
                                                  11, with 2 connections made; 3 in all
  without early binds           either way     2  yes
  with IP_BIND_ADDRESS_NO_PORT  left out       1  yes
                                counted        2  yes

  Where the kernel could have shared a port or not, it is taken to have shared it: what
  runs out here would certainly have run out. TIME_WAIT: what we closed first keeps its
  port for 60 s.
"""
    )


def test_json(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--format", "json", "--what-if", "40000-40001", trace]) == 0
    report = json.loads(capsys.readouterr().out)
    (told,) = report["traces"]
    (use,) = told["ports"]
    assert report["schema"] == 1
    assert (use["range"], use["range_source"]) == ([32768, 60999], "assumed")
    assert (use["peak_pinned"], use["total_pinned"], use["gain"]) == (2, 4, 2.0)
    assert use["peak_time"] == 4.0
    assert use["by_address"] == [{"address": "10.0.0.5", "peak_pinned": 1, "total_pinned": 1}]
    assert use["by_process"] == [
        {"process": "t1:812", "peak_pinned": 2, "total_pinned": 4, "peak_needed": 1}
    ]
    assert max(point["held"] for point in use["timeline"]) == 2
    refused = {(item["change"], item["time_wait"]): item["refused"] for item in told["what_if"]}
    assert refused == {
        ("as-is", False): 1,
        ("as-is", True): 3,
        ("no-early-bind", False): 0,
        ("no-early-bind", True): 0,
        ("no-port", False): 0,
        ("no-port", True): 0,
    }
    first = next(item["first"] for item in told["what_if"] if item["first"])
    assert first == {
        "source": "trace",
        "line": 17,
        "tid": 812,
        "fd": 5,
        "call": "bind",
        "errno": "EADDRINUSE",
        "seconds": 5.0,
        "connections": 4,
    }


def test_csv(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--format", "csv", trace]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["trace"], row["peak_pinned"], row["censored"]) == ("t1", "2", "2")


def test_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("set_tid_address(0x7f) = 5\nclose(3) = 0\n")
    assert main(["ports", "empty"]) == 0
    assert capsys.readouterr().out == "empty: no TCP socket was bound or connected\n"


RAN_OUT = f"""\
812 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
812 bind(3, {ANY % "0.0.0.0"}, 16) = 0
812 connect(3, {WEB % 1}, 16) = 0
812 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
"""
NO_PORT_TO_BIND = f"812 bind(4, {ANY % '0.0.0.0'}, 16) = -1 EADDRINUSE (Address already in use)\n"
NO_ADDRESS = f"812 connect(4, {WEB % 9}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address)\n"


@pytest.mark.parametrize(
    ("failing", "left", "says"),
    [
        (NO_PORT_TO_BIND, 0, "the ports ran out: a call failed for want of one"),
        (NO_ADDRESS, None, "the ports probably ran out"),
    ],
)
def test_where_a_call_found_no_port_none_is_said_to_be_left(
    failing: str,
    left: int | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One port of twenty is seen in use: who has the others is not in the trace."""
    monkeypatch.chdir(tmp_path)
    Path("full").write_text(RAN_OUT + failing)
    words = ["ports", "--port-range", "40000-40019", "full"]
    main([*words, "--format", "json"])
    (use,) = json.loads(capsys.readouterr().out)["traces"][0]["ports"]
    assert (use["headroom"], use["headroom_without_bind"]) == (left, None)
    assert use["headroom_reason"].startswith(says)
    main(words)
    text = capsys.readouterr().out
    assert says in text
    assert "19" not in text.replace("40000-40019", "").replace("192.0.2", "")


def test_where_the_sockets_seen_here_fill_the_range_the_figures_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").write_text(RAN_OUT + NO_PORT_TO_BIND)
    main(["ports", "--port-range", "40000-40000", "full", "--format", "json"])
    (use,) = json.loads(capsys.readouterr().out)["traces"][0]["ports"]
    assert (use["headroom"], use["headroom_without_bind"]) == (0, 0)


@pytest.mark.parametrize("text", ["40000", "5-4", "0-10", "1-70000", "a-b"])
def test_range_that_is_none(text: str, trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--what-if", text, trace]) == 2
    assert f"{text}: not two ports" in capsys.readouterr().err


def test_chart_shrinks_to_the_width() -> None:
    points = [TimelinePoint(float(at), at, at // 2) for at in range(101)]
    lines = chart(points, 48, ASCII)
    assert max(map(len, lines)) <= 48
    assert lines[0].startswith("100 |")
    assert lines[0].endswith(".")
    assert lines[-3] == "  0 +" + "-" * 42
    assert lines[-2].split() == ["0", "s", "101", "s"]


def test_chart_of_one_row() -> None:
    points = [TimelinePoint(1.0, 1, 0), TimelinePoint(2.0, 1, 1), TimelinePoint(3.0, 0, 0)]
    assert chart(points, 34, ASCII, timed=False) == [
        "1 |" + "." * 10 + "#" * 10,
        "0 +" + "-" * 30,
        "   first call" + " " * 16 + "last",
        "   # needed",
        "   . held by bind() beyond that",
    ]


def test_nothing_to_draw() -> None:
    assert chart([TimelinePoint(0.0, 0, 0)], 80) == []
    assert chart([], 80) == []


def test_the_chart_has_ports_in_time_wait_that_connect_chose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """120 connections to one destination, one after another and closed here first: 120 ports."""
    text = "".join(connection(1700000000 + n / 100, 3, 1, None) for n in range(120))
    (tmp_path / "trace").write_text(text)
    (use,) = sa.analyze(tmp_path / "trace").traces[0].ports
    most = max(use.timeline, key=lambda point: point.others)
    assert (most.held, most.others) == (0, 120)
    assert use.peak_needed_with_time_wait == 120
    assert main(["ports", str(tmp_path / "trace")]) == 0
    said = capsys.readouterr().out
    assert "\n  120 " in said
    assert "in TIME_WAIT" in said


PORT = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("0.0.0.0")}, [16]'


def bound(ports: range) -> str:
    """Early binds, and the ports that the kernel chose for them."""
    lines = ['812 1700000000.000000 execve("/usr/bin/fetch", ["fetch"], 0x7ffc /* 9 vars */) = 0']
    for n, port in enumerate(ports):
        at = f"812 {1700000001 + n / 10:.6f}"
        lines += [
            f"{at} socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = {n + 3}",
            f"{at} bind({n + 3}, {ANY % '0.0.0.0'}, 16) = 0",
            f"{at} getsockname({n + 3}, {PORT % port}) = 0",
            f"{at} connect({n + 3}, {WEB % (n % 2 + 1)}, 16) = 0",
        ]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("ports", "words", "is_known"),
    [
        (range(40000, 40024), (), False),  # so close together: a smaller range
        (range(20000, 20003), (), False),  # outside of the one that is assumed
        (range(40000, 40003), (), True),
        (range(40000, 40024), ("--port-range", "40000-40099"), True),
    ],
)
def test_no_rate_is_given_of_a_range_that_the_trace_contradicts(
    ports: range,
    words: tuple[str, ...],
    is_known: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "trace").write_text(bound(ports))
    assert main(["ports", *words, str(tmp_path / "trace")]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    (rate,) = [row for row in rows if row.startswith("none, closing first, at")]
    assert (rate == "none, closing first, at not known not known") != is_known
    assert ("at most not known not known" in rows) != is_known
    main([*words, str(tmp_path / "trace")])
    assert ("/s at which ports run out" in capsys.readouterr().out) == is_known
