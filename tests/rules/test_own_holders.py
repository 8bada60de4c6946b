"""Ports ran out, and the trace shows who has them: sockets that it leaks, listeners, UDP sockets; or the
program itself limits the range."""

from __future__ import annotations

import io

import pytest
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.analysis import Analyzer, Settings
from strace_analyzer.machine import parse
from strace_analyzer.rules import catalogue

RANGE = (40000, 40009)
"""ten ports"""
PEER = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
INUSE = "-1 EADDRINUSE (Address already in use)"
AGAIN = "-1 EAGAIN (Resource temporarily unavailable)"
LIMITED_TO = (40009 << 16 | 40000) - (1 << 32)
LIMIT = f"setsockopt(@, SOL_IP, 0x33, [{LIMITED_TO}], 4) = 0"
"""IP_LOCAL_PORT_RANGE 40000-40009, as strace prints it"""


def trace(calls: list[str], last: str, after: str = "", kind: str = "SOCK_STREAM") -> str:
    """Ten sockets, of each `calls`, then one for which `last` fails, then of each of the ten `after`;
    ten milliseconds between two calls."""
    lines = []
    for fd in range(4, 15):
        lines.append(f"socket(AF_INET, {kind}, 0) = {fd}")
        lines += (
            call.replace("@", str(fd)) for call in (calls if fd < 14 else [*calls[:-1], last])
        )
    if after:
        lines += (after.replace("@", str(fd)) for fd in range(4, 14))
    return "".join(f"7 10:00:00.{10 * n:03}000 {line}\n" for n, line in enumerate(lines))


def analyzed(text: str, port_range: tuple[int, int] = RANGE) -> tuple[dict[str, str | None], str]:
    """The causes by rule, and the report with its folded lines joined."""
    made = sa.analyze(io.BytesIO(text.encode()), port_range=port_range)
    causes = {finding.rule: finding.cause for finding in made.findings}
    return causes, " ".join(printed(made).split())


CONNECT = f"connect(@, {PEER}) = "
LEFT = 'recvfrom(@, "", 10, 0, NULL, NULL) = 0'


def leaked(after: str) -> str:
    """Ten connections that are read to their end, then connect() finds no port."""
    lines: list[str] = []
    for fd in range(4, 14):
        lines.append(f"socket(AF_INET, SOCK_STREAM, 0) = {fd}")
        lines += (f"{CONNECT}0".replace("@", str(fd)), LEFT.replace("@", str(fd)))
    lines += ("socket(AF_INET, SOCK_STREAM, 0) = 14", f"connect(14, {PEER}) = {NOTAVAIL}")
    if after:
        lines += (after.replace("@", str(fd)) for fd in range(4, 14))
    return "".join(f"7 10:00:00.{10 * n:03}000 {line}\n" for n, line in enumerate(lines))


@pytest.mark.parametrize("after", ["", "close(@) = 0"], ids=["open", "closed too late"])
def test_sockets_left_open_after_end_of_file_are_the_cause(after: str) -> None:
    """An interpreter closes all as it ends: when ports ran out they were open."""
    causes, report = analyzed(leaked(after))
    assert causes == {"ephemeral-ports-exhausted": "socket-leak", "socket-leak": None}
    assert "10 sockets of this trace were open after end of file then." in report
    assert "10 were left open after end of file: see socket-leak." in report
    assert "reuse connections" not in report


def test_sockets_closed_after_end_of_file_are_no_leak() -> None:
    text = leaked("").replace(LEFT.replace("@", "5"), "close(5) = 0")
    kept = [line for line in text.splitlines(True) if "recvfrom" not in line or "(4," in line]
    causes, _ = analyzed("".join(kept), (40000, 40008))
    assert causes == {"ephemeral-ports-exhausted": "one-destination"}


@pytest.mark.parametrize(
    ("text", "sockets"),
    [
        (trace(["listen(@, 5) = 0"], f"listen(@, 5) = {INUSE}"), "listening"),
        (trace([f"{CONNECT}0"], f"{CONNECT}{AGAIN}", kind="SOCK_DGRAM"), "UDP"),
        (
            trace(
                [f'sendto(@, "", 0, 0, {PEER}) = 0'],
                f'sendto(@, "", 0, 0, {PEER}) = {AGAIN}',
                kind="SOCK_DGRAM",
            ),
            "UDP",
        ),
    ],
    ids=["listen", "UDP connect", "UDP send"],
)
def test_sockets_of_the_trace_that_fill_the_range_are_named(text: str, sockets: str) -> None:
    causes, report = analyzed(text)
    assert causes == {"ephemeral-ports-exhausted": "own-sockets"}
    assert f"10 {sockets} sockets of this process (fd 4-13) had a port each" in report
    assert "another process" not in report
    assert "To find the holder" not in report
    causes, report = analyzed(text, (40000, 40099))
    assert causes["ephemeral-ports-exhausted"] != "own-sockets"
    assert "To find the holder" in report


def test_a_program_that_limits_itself_is_told_so() -> None:
    text = trace([LIMIT, f"{CONNECT}0"], f"{CONNECT}{NOTAVAIL}")
    causes, report = analyzed(text, (40000, 40049))
    assert causes == {"ephemeral-ports-exhausted": "one-destination"}
    assert (
        "The program limits itself to 10 ports, 40000-40009, by IP_LOCAL_PORT_RANGE (line 32): widen "
        "that, or leave it out." in report
    )
    assert "widen net.ipv4.ip_local_port_range" not in report
    assert "limits itself" not in analyzed(text, RANGE)[1]


NAMED = '{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("0.0.0.0")}}, 16'


def of_its_choice(kind: str, last: str, before: str = "") -> str:
    """Ten sockets bound to the ports 40000 to 40009, then `last` on one more."""
    lines = []
    for fd in range(4, 14):
        lines += [f"socket(AF_INET, {kind}, 0) = {fd}"]
        lines += [f"bind({fd}, {NAMED.format(port=39996 + fd)}) = 0"]
        lines += [before.replace("@", str(fd))] if before else []
    lines += [f"socket(AF_INET, {kind}, 0) = 14", last.replace("@", "14")]
    return "".join(f"7 10:00:00.{10 * n:03}000 {line}\n" for n, line in enumerate(lines))


@pytest.mark.parametrize(
    ("text", "sockets"),
    [
        (of_its_choice("SOCK_DGRAM", f"{CONNECT}{AGAIN}"), "UDP"),
        (of_its_choice("SOCK_DGRAM", f"bind(@, {NAMED.format(port=0)}) = {INUSE}"), "UDP"),
        (of_its_choice("SOCK_STREAM", f"listen(@, 5) = {INUSE}", "listen(@, 5) = 0"), "listening"),
        (of_its_choice("SOCK_STREAM", f"bind(@, {NAMED.format(port=0)}) = {INUSE}"), "TCP"),
    ],
    ids=["UDP connect", "UDP bind", "listeners", "bound"],
)
def test_ports_within_the_range_that_were_asked_for_by_number_are_counted(
    text: str, sockets: str
) -> None:
    causes, report = analyzed(text)
    assert causes["ephemeral-ports-exhausted"] == "own-sockets"
    assert f"10 {sockets} sockets of this process (fd 4-13) had a port each" in report
    assert (
        "10 of these sockets asked for their ports by number: take some outside of "
        "net.ipv4.ip_local_port_range." in report
    )
    # outside of the range they are in nobody's way, and closed ones have none
    assert analyzed(text, (40010, 40019))[0]["ephemeral-ports-exhausted"] != "own-sockets"
    head, _, last = text.rpartition("7 10:00:00.")
    closed = "".join(f"7 10:00:00.{400 + fd:03}000 close({fd}) = 0\n" for fd in range(4, 14))
    gone = head + closed + f"7 10:00:00.5{last[1:]}"
    assert analyzed(gone)[0]["ephemeral-ports-exhausted"] != "own-sockets"


BINDS = f"bind(@, {NAMED.format(port=0)}) = "
BIND = "bind(): leave out the bind(), or set IP_BIND_ADDRESS_NO_PORT"
KEEP = "connect(): keep connections open and reuse them"
HEAR = "listen(): bind() the listener to a port of its own"
DATAGRAMS = "UDP: use one UDP socket for many peers"


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ((f"{BINDS}{INUSE}", f"{CONNECT}{NOTAVAIL}"), (BIND, KEEP)),
        ((f"{CONNECT}{NOTAVAIL}", f"{BINDS}{INUSE}"), (BIND, KEEP)),
        ((f"{BINDS}{INUSE}", f"listen(@, 5) = {INUSE}"), (BIND, HEAR)),
        (
            (f"listen(@, 5) = {INUSE}", f"{CONNECT}{NOTAVAIL}", f"{BINDS}{INUSE}"),
            (BIND, KEEP, HEAR),
        ),
    ],
)
def test_of_several_kinds_of_calls_that_failed_each_has_its_remedy(
    calls: tuple[str, ...], said: tuple[str, ...]
) -> None:
    lines = ["socket(AF_INET, SOCK_STREAM, 0) = 4", f"{CONNECT}0".replace("@", "4")]
    for fd, call in enumerate(calls, 5):
        lines += [f"socket(AF_INET, SOCK_STREAM, 0) = {fd}", call.replace("@", str(fd))]
    text = "".join(f"7 10:00:00.{10 * n:03}000 {line}\n" for n, line in enumerate(lines))
    report = analyzed(text, (32768, 60999))[1]
    assert [words for words in (BIND, KEEP, HEAR, DATAGRAMS) if words in report] == list(said)


REFUSED = "".join(
    f"7 10:00:00.{10 * n:03}000 {line}\n"
    for n, line in enumerate(
        ("socket(AF_INET, SOCK_STREAM, 0) = 4", f"connect(4, {PEER}) = {NOTAVAIL}")
    )
)
"""one connect() to 192.0.2.7:80 finds no port"""
BOUND = "probably binds before connecting: look for bind() there."


def listed(peer: str, ports: range, state: str = "ESTAB", who: str = "") -> str:
    users = f' users:(("{who}",pid=9,fd=3))' if who else ""
    return "".join(f"{state} 0 0 10.0.0.1:{port} {peer}{users}\n" for port in ports)


def told(ss: str, port_range: tuple[int, int] | None = (40000, 40099)) -> tuple[object, str]:
    """What the finding says of bound sockets of the machine, and the report."""
    settings = Settings(
        rules=catalogue(), port_range=port_range, machine=parse(ss.splitlines()) if ss else None
    )
    analyzer = Analyzer("trace", settings)
    for line in REFUSED.splitlines():
        analyzer.feed(line)
    made = analyzer.close()
    (found,) = (one for one in made.findings if one.rule == "ephemeral-ports-exhausted")
    return found.detail("machine_bound"), " ".join(printed(made).split())


@pytest.mark.parametrize("port_range", [(40000, 40099), None], ids=["known", "assumed"])
@pytest.mark.parametrize(("state", "who"), [("ESTAB", "worker"), ("ESTAB", ""), ("TIME-WAIT", "")])
def test_ports_with_connections_to_elsewhere_are_in_the_way_if_bind_took_them(
    state: str, who: str, port_range: tuple[int, int] | None
) -> None:
    """Ports that connect() chose would be shared with a connection to another destination."""
    bound, report = told(listed("192.0.2.9:443", range(40000, 40100), state, who), port_range)
    holder = "worker (pid 9)" if who else f"{state} to 192.0.2.9:443"
    assert bound == ((holder, 100),)
    assert f"{holder} has 100 of these ports, to other destinations" in report
    assert BOUND in report
    assert "addresses or ports of the destination" not in report


@pytest.mark.parametrize("interpreter", ["python3", "node", "worker"])
def test_the_limit_of_a_program_is_not_said_to_be_its_runtimes(interpreter: str) -> None:
    """Only what follows about that runtime's own calls begins with its name."""
    lines = [
        f'7 execve("/usr/bin/{interpreter}", ["{interpreter}"], 0x7ffd1 /* 3 vars */) = 0',
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
        '7 setsockopt(3, SOL_IP, 0x33 /* IP_??? */, "\\x40\\x9c\\x41\\x9c", 4) = 0',
        "7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("
        '"0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)',
    ]
    report = " ".join(printed(sa.analyze(lines)).split())
    assert "Fix The program limits itself to 2 ports, 40000-40001," in report
    runtime = {"python3": "Python: leave out", "node": "Node.js: "}.get(interpreter, "Leave out")
    assert f"widen that, or leave it out. {runtime}" in report


@pytest.mark.parametrize("who", ["a; b", "a: b", "; ", ": "])
def test_a_holder_may_have_any_name(who: str) -> None:
    """comm is what the program says it is, prctl(2) PR_SET_NAME."""
    _, report = told(listed("192.0.2.7:80", range(40000, 40100), who=who))
    assert f"{who.strip()} (pid 9) 100" in report.replace("  ", " ")


def test_the_holder_of_ports_is_named_with_its_script() -> None:
    """As port-taken and `holders` name it: python3 alone may be any of them."""
    machine = parse(listed("192.0.2.7:80", range(40000, 40100), who="python3").splitlines())
    named = [
        one._replace(owners=tuple(owner._replace(script="sidecar.py") for owner in one.owners))
        for one in machine.sockets
    ]
    listing = machine._replace(sockets=tuple(named))
    assert listing.by_holder(40000, 40099) == [("python3 sidecar.py (pid 9)", 100)]
    assert str(named[0].owners[0]) == "python3 sidecar.py (pid 9, fd 3)"


@pytest.mark.parametrize(
    "ss",
    [
        pytest.param(listed("192.0.2.7:80", range(40000, 40100)), id="same destination"),
        pytest.param(
            listed("192.0.2.7:80", range(40000, 40100))
            + listed("192.0.2.9:443", range(40000, 40100)),
            id="shared with it",
        ),
        pytest.param(listed("192.0.2.9:443", range(40000, 40030)), id="too few"),
        pytest.param(listed("192.0.2.9:443", range(32768, 60999, 500)), id="strewn"),
        pytest.param(
            listed("*:*", range(40000, 40100), "LISTEN")
            + listed("192.0.2.9:443", range(40000, 40100)),
            id="accepted",
        ),
    ],
)
@pytest.mark.parametrize("port_range", [(40000, 40099), None], ids=["known", "assumed"])
def test_nobody_is_said_to_bind_whose_connections_need_not_be_in_the_way(
    ss: str, port_range: tuple[int, int] | None
) -> None:
    bound, report = told(ss, port_range)
    assert bound is None
    assert BOUND not in report


def test_what_connect_is_advised_where_nobody_is_known_names_both_reasons() -> None:
    _, report = told("")
    assert "help only where connections to it hold the ports" in report
    assert "bound before they connected" in report


def test_the_report_says_what_the_trace_shows_and_not_how_the_program_fared() -> None:
    assert "The kernel had no local port left to give." in told("")[1]
    assert "go on" not in told("")[1]


def closing(ports: int) -> str:
    """So many connections, each closed here first, then connect() finds no port."""
    lines = []
    for _ in range(ports):
        lines += ["socket(AF_INET, SOCK_STREAM, 0) = 4", f"connect(4, {PEER}) = 0", "close(4) = 0"]
    lines += ["socket(AF_INET, SOCK_STREAM, 0) = 4", f"connect(4, {PEER}) = {NOTAVAIL}"]
    return "".join(
        f"7 10:00:0{n // 100}.{10 * (n % 100):03}000 {line}\n" for n, line in enumerate(lines)
    )


@pytest.mark.parametrize(
    ("ports", "cause", "is_short"),
    [(60, "time-wait", True), (95, "time-wait", False), (20, "another-process", True)],
)
def test_most_ports_in_time_wait_are_the_cause_if_others_hold_the_rest(
    ports: int, cause: str, is_short: bool
) -> None:
    causes, report = analyzed(closing(ports), (40000, 40099))
    assert causes["ephemeral-ports-exhausted"] == cause
    assert ("another process may hold the rest" in report) == is_short
    assert (f"with 60 s of TIME_WAIT {ports}" in report) == (cause == "time-wait")


@pytest.mark.parametrize("port_range", [(40000, 40099), None], ids=["known", "assumed"])
def test_a_range_that_is_only_assumed_is_called_so(port_range: tuple[int, int] | None) -> None:
    _, report = analyzed(closing(20), port_range)
    assert ("do not fill the assumed range 32768-60999: the real" in report) == (port_range is None)
    assert ("do not fill the range: another process" in report) == (port_range is not None)


def test_every_call_that_failed_is_in_the_table_of_destinations() -> None:
    """sendto() names where it goes, and the socket does not keep it."""
    to = f'sendto(5, "x", 1, 0, {PEER}) = {AGAIN}'
    text = "".join(
        f"7 10:00:00.{10 * n:03}000 {line}\n"
        for n, line in enumerate(
            (
                "socket(AF_INET, SOCK_DGRAM, 0) = 4",
                f"connect(4, {PEER}) = {AGAIN}",
                "socket(AF_INET, SOCK_DGRAM, 0) = 5",
                to,
            )
        )
    )
    made = sa.analyze(io.BytesIO(text.encode()))
    assert [str(one.peer) for one in made.findings] == ["192.0.2.7:80"] * 2
    assert "192.0.2.7:80 2 4, 5" in " ".join(printed(made).split())
