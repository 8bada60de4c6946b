"""Calls that fail for want of a port or an address: who has it, and what becomes of the level."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from cli.running import run
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import Analyzer, analyze_traces
from strace_analyzer.machine import parse
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.named import traces

START = (
    '{pid} execve("/bin/{name}", ["{name}"], 0x7ffd1 /* 3 vars */) = 0\n{pid} getpid() = {pid}\n'
)
INUSE = "-1 EADDRINUSE (Address already in use)"
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
CLONE = "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1)"


def v4(port: int, address: str = "0.0.0.0") -> str:
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{address}")}}, 16'


def v6(port: int, address: str = "::") -> str:
    return (
        f"{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl(0), "
        f'inet_pton(AF_INET6, "{address}", &sin6_addr), sin6_scope_id=0}}, 28'
    )


def sock(fd: int, pid: int = 7, family: str = "AF_INET", kind: str = "SOCK_STREAM") -> str:
    return f"{pid} socket({family}, {kind}, IPPROTO_IP) = {fd}"


def listener(port: int, pid: int = 7, fd: int = 3, address: str = "0.0.0.0") -> list[str]:
    return [
        sock(fd, pid),
        f"{pid} bind({fd}, {v4(port, address)}) = 0",
        f"{pid} listen({fd}, 5) = 0",
    ]


def fails(port: int, pid: int = 9, fd: int = 4, address: str = "0.0.0.0") -> list[str]:
    return [
        sock(fd, pid),
        f"{pid} bind({fd}, {v4(port, address)}) = {INUSE}",
        f"{pid} close({fd}) = 0",
    ]


def found(rule: str, *lines: str, ss: str | None = None) -> list[sa.Finding]:
    """The findings of one rule, two programs running from the start."""
    settings = Settings(rules=catalogue(), machine=None if ss is None else parse(ss.splitlines()))
    analyzer = Analyzer("trace", settings)
    begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
    for line in [*begin.splitlines(), *lines]:
        analyzer.feed(line)
    return [finding for finding in analyzer.close().findings if finding.rule == rule]


def holder(*lines: str, ss: str | None = None) -> tuple[str | None, object, object, object, str]:
    """(cause, pid, fd, what it is, level) of the one finding of a port that is taken."""
    (one,) = found("port-taken", *lines, ss=ss)
    names = ("holder_pid", "holder_fd", "holder")
    pid, fd, what = (one.detail(name) for name in names)
    return one.cause, pid, fd, what, str(one.level)


def test_a_listener_of_another_process() -> None:
    assert holder(*listener(80), *fails(80)) == ("listener", 7, 3, "a listener", "error")


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        ([], "Thread 7 (fd 3) has it: a listener"),
        ([START.format(pid=7, name="httpd").rstrip()], "httpd (pid 7, fd 3) has it: a listener"),
    ],
    ids=["thread", "program"],
)
def test_a_holder_is_called_by_all_that_is_known_of_it(begin: list[str], said: str) -> None:
    """Without execve() and clone() the trace shows threads, and no process."""
    lines = [*begin, *listener(8080), *fails(8080)]
    report = printed(sa.analyze(io.BytesIO("\n".join(lines).encode())))
    assert said in report


def test_the_process_that_made_it_is_named_before_its_workers() -> None:
    workers = [f"7 {CLONE} = 8", "8 getpid() = 8"]
    assert holder(*listener(80), *workers, *fails(80))[1] == 7


def test_a_child_that_inherited_the_listener() -> None:
    child = [f"7 {CLONE} = 8", "8 getpid() = 8", "7 close(3) = 0"]
    assert holder(*listener(80), *child, *fails(80))[:3] == ("inherited-listener", 8, 3)


NOTED = "3<TCP:[0.0.0.0:80]>"
KEEPS = [f"7 {CLONE} = 8", "8 getpid() = 8", "7 +++ exited with 0 +++"]


@pytest.mark.parametrize(
    ("shown", "since"),
    [
        pytest.param(listener(80), "bound on line 6", id="bind"),
        pytest.param([f"7 listen({NOTED}, 5) = 0"], "since line 5", id="only listen"),
        pytest.param(
            [f"7 getsockname(3, {v4(80).replace('16', '[16]')}) = 0"], "as line 5 shows", id="name"
        ),
    ],
)
@pytest.mark.parametrize("child", [True, False])
def test_a_line_where_the_holder_shows_is_told(
    shown: list[str], since: str, child: bool, tmp_path: Path
) -> None:
    """Also where the socket is older than the trace, and where a child has it from its parent."""
    lines = [*shown, *(KEEPS if child else ()), *fails(80)]
    (one,) = found("port-taken", *lines)
    line = one.detail("holder_line") or one.detail("seen_line")
    assert isinstance(line, int)
    assert f"line {line} " in f"{since} "
    path = tmp_path / "trace"
    begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
    path.write_text(begin + "".join(f"{line}\n" for line in lines))
    assert since in " ".join(printed(sa.analyze(path)).split())


def test_a_line_of_another_file_is_told_with_its_name(tmp_path: Path) -> None:
    for pid, name, lines in ((7, "server", listener(80)), (9, "late", fails(80))):
        calls = [*START.format(pid=pid, name=name).splitlines(), *lines]
        second = 0 if pid == 7 else 30
        text = "".join(
            f"10:00:{second + at:02}.000000 {line.partition(' ')[2]}\n"
            for at, line in enumerate(calls)
        )
        (tmp_path / f"trace.{pid}").write_text(text)
    made = sa.analyze(tmp_path / "trace")
    (one,) = (finding for finding in made.findings if finding.rule == "port-taken")
    assert (one.cause, one.detail("holder_line")) == ("listener", 4)
    file = str(one.detail("holder_file"))
    assert file.endswith("trace.7")
    assert f"bound on line 4 of {file}" in " ".join(printed(made).split())


def test_a_bound_socket_that_does_not_listen() -> None:
    bound = [sock(3), f"7 bind(3, {v4(80)}) = 0"]
    assert holder(*bound, *fails(80)) == ("bound-socket", 7, 3, "a bound socket", "error")


def test_the_local_end_of_a_connection() -> None:
    made = [
        sock(3),
        f"7 connect(3, {v4(443, '192.0.2.7')}) = 0",
        f"7 getsockname(3, {v4(40004, '192.0.2.1').replace('16', '[16]')}) = 0",
    ]
    what = "the local end of an outgoing connection to 192.0.2.7:443"
    assert holder(*made, *fails(40004)) == ("outgoing-connection", 7, 3, what, "error")


def test_an_outgoing_connection_of_the_process_itself() -> None:
    """Nobody meant it to have that port: it is not to bind once, the port is to be reserved."""
    made = [
        sock(3, 9),
        f"9 connect(3, {v4(443, '192.0.2.7')}) = 0",
        f"9 getsockname(3, {v4(40004, '192.0.2.1').replace('16', '[16]')}) = 0",
    ]
    what = "the local end of an outgoing connection to 192.0.2.7:443"
    assert holder(*made, *fails(40004)) == ("outgoing-connection", 9, 3, what, "error")


def test_the_process_itself_on_ipv6_and_ipv4() -> None:
    six = [sock(3, 9, "AF_INET6"), f"9 bind(3, {v6(80)}) = 0", "9 listen(3, 5) = 0"]
    assert holder(*six, *fails(80)) == ("own-dual-stack", 9, 3, "a listener", "note")


def test_another_address_or_protocol_does_not_conflict() -> None:
    here = listener(80, address="192.0.2.1")
    assert holder(*here, *fails(80, address="192.0.2.2"))[0] == "unknown"
    udp = [sock(3, 7, kind="SOCK_DGRAM"), f"7 bind(3, {v4(80)}) = 0"]
    assert holder(*udp, *fails(80))[0] == "unknown"


def test_who_has_an_ipv4_port_by_an_ipv6_socket() -> None:
    """A mapped address is the IPv4 one; IPV6_V6ONLY leaves the IPv4 port alone."""
    six, only = sock(3, family="AF_INET6"), "7 setsockopt(3, SOL_IPV6, IPV6_V6ONLY, [1], 4) = 0"
    mapped = f"7 bind(3, {v6(80, '::ffff:192.0.2.1')}) = 0"
    refused = fails(80, address="192.0.2.1")
    assert holder(six, mapped, *refused)[:3] == ("bound-socket", 7, 3)
    assert holder(six, only, f"7 bind(3, {v6(80)}) = 0", *refused)[0] == "unknown"


def test_a_predecessor_that_is_gone() -> None:
    assert holder(*listener(80), "7 close(3) = 0", *fails(80))[0] == "time-wait"
    late = [
        f"{line[:2]}10:0{at}:00 {line[2:]}"
        for at, line in enumerate([*listener(80), "7 close(3) = 0"])
    ]
    much_later = [f"{line[:2]}10:09:00 {line[2:]}" for line in fails(80)]
    assert holder(*late, *much_later)[0] == "unknown"


def gone(port: int = 40004, here: str = "192.0.2.1", *, reuse: int = 0, end: str = "") -> list[str]:
    """A connection of process 7 that connect() gave the port, and that is closed."""
    return [
        sock(3),
        *([f"7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [{reuse}], 4) = 0"] if reuse else ()),
        f"7 connect(3, {v4(443, '192.0.2.7')}) = 0",
        f"7 getsockname(3, {v4(port, here).replace('16', '[16]')}) = 0",
        *([end] if end else ()),
        "7 close(3) = 0",
    ]


REUSES = "9 setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"


def test_a_connection_that_was_closed_here_first_and_had_the_port() -> None:
    (one,) = found("port-taken", *gone(), *fails(40004))
    names = ("holder_program", "holder_pid", "holder_line", "holder_peer", "holder_port")
    assert (one.cause, *map(one.detail, names)) == (
        "time-wait", "server", 7, 8, "192.0.2.7:443", "given",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        pytest.param([*gone(40005), *fails(40004)], "unknown", id="another port"),
        pytest.param([*gone(), *fails(40004, address="192.0.2.2")], "unknown", id="address"),
        pytest.param([*gone(), *fails(40004, address="192.0.2.1")], "time-wait", id="its address"),
        pytest.param(
            [*gone(end='7 read(3, "", 9) = 0'), *fails(40004)], "unknown", id="peer closed first"
        ),
        pytest.param(
            [*gone(end="7 read(3, 0x7f1, 9) = -1 ECONNRESET (Connection reset by peer)"),
             *fails(40004)], "unknown", id="reset",
        ),
        pytest.param(
            [*gone(reuse=1), sock(4, 9), REUSES, *fails(40004)[1:]], "unknown",
            id="both reuse, which the kernel allows",
        ),
        pytest.param(
            [*gone(), sock(4, 9), REUSES, *fails(40004)[1:]], "time-wait", id="one reuses"
        ),
        pytest.param(
            [line.replace("SOCK_STREAM", "SOCK_DGRAM") for line in (*gone(), *fails(40004))],
            "unknown", id="UDP",
        ),
        pytest.param(
            [*(f"7 10:00:0{at} {line[2:]}" for at, line in enumerate(gone())),
             *(f"9 10:01:01 {line[2:]}" for line in fails(40004))], "time-wait", id="57 s later",
        ),
        pytest.param(
            [*(f"7 10:00:0{at} {line[2:]}" for at, line in enumerate(gone())),
             *(f"9 10:01:05 {line[2:]}" for line in fails(40004))], "unknown", id="62 s later",
        ),
    ],
)  # fmt: skip
def test_when_a_closed_connection_may_have_the_port(lines: list[str], cause: str) -> None:
    assert holder(*lines)[0] == cause


@pytest.mark.parametrize(
    ("reuse", "words"),
    [
        ((0, 0), "SO_REUSEADDR on both sockets, before bind() here and before connect()"),
        ((1, 0), "SO_REUSEADDR before bind(), which the socket of that connection has set"),
        ((0, 1), "SO_REUSEADDR is set here: the socket of that connection must have it too"),
    ],
)
def test_the_remedy_against_a_closed_connection_says_who_must_set_what(
    reuse: tuple[int, int], words: str, tmp_path: Path
) -> None:
    there, here = reuse
    late = [sock(4, 9), *([REUSES] if here else ()), *fails(40004)[1:]]
    path = tmp_path / "trace"
    begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
    path.write_text(begin + "".join(f"{line}\n" for line in (*gone(reuse=there), *late)))
    said = " ".join(printed(sa.analyze(path)).split())
    assert "server (pid 7) had the local end of an outgoing connection to 192.0.2.7:443" in said
    assert f"closed it first, on line {8 + there}: that is probably in TIME_WAIT" in said
    assert "net.ipv4.ip_local_reserved_ports=40004" in said
    assert words in said


def test_a_connection_that_came_in_and_was_closed_first_keeps_its_listeners_port() -> None:
    """Of a listener that is older than the trace, too."""
    came = [
        "7 accept(3<TCP:[192.0.2.1:80]>, {sa_family=AF_INET, sin_port=htons(999), "
        'sin_addr=inet_addr("192.0.2.7")}, [16]) = 4<TCP:[192.0.2.1:80->192.0.2.7:999]>',
        "7 close(4) = 0",
        "7 close(3) = 0",
    ]
    (one,) = found("port-taken", *came, *fails(80))
    assert (one.cause, one.detail("holder_port"), one.detail("holder_peer")) == (
        "time-wait", "accepted", "192.0.2.7:999",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "cause", "pid"),
    [
        ('LISTEN 0 5 *:80 *:* users:(("nginx",pid=812,fd=6))', "listener", 812),
        ("TIME-WAIT 0 0 192.0.2.1:80 192.0.2.9:1", "time-wait", None),
        ("ESTAB 0 0 192.0.2.1:80 192.0.2.9:1", "outgoing-connection", None),
        ("LISTEN 0 5 *:81 *:*", "unknown", None),
    ],
)
def test_the_list_of_the_machine_tells_what_the_trace_does_not(
    row: str, cause: str, pid: int | None
) -> None:
    assert holder(*fails(80), ss=row)[:2] == (cause, pid)


@pytest.mark.parametrize(
    ("kind", "rows", "option"),
    [
        ("SOCK_DGRAM", "LISTEN 0 5 *:81 *:*", "ss -uanp"),
        ("SOCK_STREAM", "UNCONN 0 0 *:81 *:*", "ss -tanp"),
        ("SOCK_STREAM", "LISTEN 0 5 *:81 *:*", None),
    ],
)
def test_a_list_without_sockets_of_the_protocol_says_nothing_of_the_holder(
    kind: str, rows: str, option: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "trace"
    lines = [sock(4, 9, kind=kind), f"9 bind(4, {v4(80)}) = {INUSE}"]
    path.write_text(START.format(pid=9, name="late") + "\n".join(lines) + "\n")
    settings = Settings(rules=catalogue(), machine=parse(rows.splitlines()))
    made = analyze_traces(traces([str(path)]), settings)
    said = " ".join(printed(made).split())
    assert ("It was gone when the list was made" in said) == (option is None)
    if option is not None:
        assert f"give the output of {option} (--ss FILE) as well" in said


ENDS = ["9 exit_group(0) = ?", "9 +++ exited with 0 +++"]
SAME = '7 execve("/bin/late", ["late"], 0x7ffd1 /* 3 vars */) = 0'
NO_END = ["9 exit_group(1) = ?", "9 +++ exited with 1 +++"]


@pytest.mark.parametrize(
    ("lines", "level"),
    [
        pytest.param([*fails(80), *ENDS], "note", id="closed"),
        pytest.param([*fails(80)[:2], *ENDS], "note", id="open"),
        pytest.param([SAME, *listener(80), *fails(80), *ENDS], "note", id="the other is seen"),
        pytest.param([*listener(80), *fails(80), *ENDS], "error", id="another program"),
        pytest.param(
            [sock(4, 9), f"9 bind(4, {v4(80)}) = 0", f"9 listen(4, 5) = {INUSE}", *ENDS],
            "note",
            id="listen",
        ),
        pytest.param([*fails(80), *NO_END], "error", id="exit status 1"),
        pytest.param([*fails(80), "9 +++ killed by SIGTERM +++"], "error", id="signal"),
        pytest.param(fails(80), "error", id="no end"),
        pytest.param([*listener(81, 9), *fails(80), *ENDS], "error", id="serves elsewhere"),
        pytest.param([*fails(80), *listener(443, 9, 5), *ENDS], "error", id="then elsewhere"),
        pytest.param([*listener(80, 9), "9 close(3) = 0", *fails(80), *ENDS], "error", id="had it"),
        pytest.param(
            [sock(3), f"7 connect(3, {v4(443, '192.0.2.7')}) = 0",
             f"7 getsockname(3, {v4(80, '192.0.2.1').replace('16', '[16]')}) = 0",
             *fails(80), *ENDS],
            "error",
            id="a connection has it",
        ),
    ],
)  # fmt: skip
def test_a_process_that_ends_without_an_error_leaves_the_port_to_another_instance(
    lines: list[str], level: str
) -> None:
    (one,) = found("port-taken", *lines)
    assert (str(one.level), one.detail("ended_well")) == (level, level == "note" or None)


@pytest.mark.parametrize(("seconds", "level"), [(0, "note"), (30, "error")])
def test_a_process_that_ends_long_after_the_failure_does_not_leave_it_to_another(
    seconds: int, level: str
) -> None:
    calls = [*fails(80), *ENDS]
    timed = [
        f"{line[:1]} 10:00:{seconds * (at > 2):02}.{at:06}{line[1:]}"
        for at, line in enumerate(calls)
    ]
    (one,) = found("port-taken", *timed)
    assert str(one.level) == level


def test_the_report_of_a_process_that_left_the_port_to_another_needs_no_mending(
    tmp_path: Path,
) -> None:
    path = tmp_path / "trace"
    path.write_text(START.format(pid=9, name="late") + "\n".join([*fails(80), *ENDS]) + "\n")
    said = " ".join(printed(sa.analyze(path)).split())
    assert "late (pid 9) ended without an error" in said
    assert "Nothing is needed if another instance of the program has the port." in said
    assert "cannot have it" not in said


def test_what_the_program_gets_over_is_a_note_or_nothing() -> None:
    again = [sock(4, 9), f"9 bind(4, {v4(80)}) = 0"]
    assert holder(*fails(80), *again)[4] == "note"
    next_port = [*fails(80), *fails(81), sock(4, 9), f"9 bind(4, {v4(82)}) = 0"]
    assert [str(one.level) for one in found("port-taken", *next_port)] == ["note", "note"]
    other = [sock(4, 9), f"9 bind(4, {v4(443)}) = 0"]
    assert holder(*fails(80), *other)[4] == "error"
    same_socket = [sock(4, 9), f"9 bind(4, {v4(80)}) = {INUSE}", f"9 bind(4, {v4(81)}) = 0"]
    (moved,) = found("port-taken", *same_socket)
    assert (str(moved.level), moved.detail("instead")) == ("note", 81)


@pytest.mark.parametrize(
    ("after", "level"),
    [
        (["bind(4, {other}) = 0", "listen(4, 5) = 0"], "note"),
        (["bind(4, {any}) = 0", "listen(4, 5) = 0"], "note"),
        (["bind(4, {third}) = {inuse}", "bind(4, {other}) = 0", "listen(4, 5) = 0"], "note"),
        (["bind(4, {other}) = 0", "close(4) = 0"], "note"),
        (["bind(4, {other}) = 0", "connect(4, {peer}) = 0"], None),
        (["connect(4, {peer}) = 0"], "note"),
        (["bind(4, {same}) = 0", "listen(4, 5) = 0"], "note"),
        (["close(4) = 0"], "error"),
        ([], "error"),
    ],
)
def test_a_server_that_listens_elsewhere_is_said_and_a_client_that_finds_a_port_is_not(
    after: list[str], level: str | None
) -> None:
    names = {
        "other": v4(8081), "third": v4(8090), "same": v4(8080), "any": v4(0), "inuse": INUSE,
        "peer": v4(80, "192.0.2.7"),
    }  # fmt: skip
    tried = [sock(4, 9), f"9 bind(4, {v4(8080)}) = {INUSE}"]
    lines = [*tried, *(f"9 {line.format(**names)}" for line in after)]
    assert [str(one.level) for one in found("port-taken", *lines)] == ([level] if level else [])
    assert all(one.detail("port") == 8080 for one in found("port-taken", *lines))


def test_a_socket_that_is_never_closed_is_told_at_the_end() -> None:
    assert len(found("port-taken", *fails(80)[:2])) == 1


def test_an_error_that_strace_injected_is_none_of_the_kernels() -> None:
    injected = [sock(4, 9), f"9 bind(4, {v4(80)}) = {INUSE} (INJECTED)"]
    assert found("port-taken", *injected) == []
    injected = [sock(4, 9), f"9 bind(4, {v4(80)}) = {NOTAVAIL} (INJECTED)"]
    assert found("address-not-available", *injected) == []


def unreachable(*lines: str) -> list[tuple[str | None, str]]:
    return [(one.cause, str(one.level)) for one in found("address-not-available", *lines)]


def test_ipv6_that_never_worked_and_the_ipv4_that_does() -> None:
    six = [sock(3, 7, "AF_INET6"), f"7 connect(3, {v6(443, '2001:db8::1')}) = {NOTAVAIL}"]
    four = [sock(4), f"7 connect(4, {v4(443, '192.0.2.7')}) = 0"]
    assert unreachable(*six) == [("no-ipv6", "warning")]
    assert unreachable(*six, *four) == [("no-ipv6", "note")]
    other_port = [sock(4), f"7 connect(4, {v4(80, '192.0.2.7')}) = 0"]
    assert unreachable(*six, *other_port) == [("no-ipv6", "warning")]


def test_connect_to_port_0_is_told_as_that() -> None:
    lines = [sock(3), f"7 connect(3, {v4(0, '192.0.2.7')}) = {NOTAVAIL}"]
    assert unreachable(*lines) == [("no-address", "warning")]
    begin = START.format(pid=7, name="server")
    said = printed(sa.analyze(io.BytesIO((begin + "\n".join(lines) + "\n").encode())))
    assert "server (pid 7) connects to port 0" in said
    assert "Nothing listens on port 0" in said
    assert "ip route" not in said


def test_ipv6_that_has_worked_ran_out_of_ports() -> None:
    worked = [sock(3, 7, "AF_INET6"), f"7 connect(3, {v6(443, '2001:db8::1')}) = 0"]
    fails_now = [sock(4, 7, "AF_INET6"), f"7 connect(4, {v6(443, '2001:db8::1')}) = {NOTAVAIL}"]
    assert unreachable(*worked, *fails_now) == []


@pytest.mark.parametrize(
    ("address", "cause"), [("2001:db8::44", "not-local"), ("::1", "no-loopback")]
)
def test_bind_to_an_ipv6_address(address: str, cause: str) -> None:
    lines = [sock(3, 7, "AF_INET6"), f"7 bind(3, {v6(0, address)}) = {NOTAVAIL}"]
    assert unreachable(*lines) == [(cause, "warning")]


def test_bind_and_connect_to_ipv6_where_there_is_none_have_words_of_their_own(
    tmp_path: Path,
) -> None:
    lines = [
        *(sock(3, 7, "AF_INET6"), f"7 connect(3, {v6(443, '2001:db8::1')}) = {NOTAVAIL}"),
        *(sock(4, 7, "AF_INET6"), f"7 bind(4, {v6(80, '::1')}) = {NOTAVAIL}"),
    ]
    path = tmp_path / "trace"
    path.write_text("".join(f"{line}\n" for line in lines))
    said = " ".join(printed(sa.analyze(path)).split())
    assert "connects to IPv6 where there is none: 1 connect() call failed" in said
    assert "binds to ::1 where there is no IPv6: 1 bind() call failed" in said
    assert "Give getaddrinfo() AI_ADDRCONFIG" in said
    assert "Bind to 127.0.0.1, or switch IPv6 on" in said
    assert "no address of this host" not in said


def pair(fd: int, result: str) -> list[str]:
    return [
        sock(fd),
        f"7 bind({fd}, {v4(46000)}) = 0",
        f"7 connect({fd}, {v4(80, '192.0.2.7')}) = {result}",
    ]


def test_a_pair_of_ends_that_is_in_use() -> None:
    assert unreachable(*pair(3, "0"), *pair(4, NOTAVAIL)) == [("pair-in-use", "warning")]
    assert unreachable(*pair(4, NOTAVAIL)) == [("pair-in-use", "warning")]
    closed = [*pair(3, "0"), "7 close(3) = 0"]
    assert unreachable(*closed, *pair(4, NOTAVAIL)) == [("pair-in-time-wait", "warning")]
    by_peer = [*pair(3, "0"), '7 read(3, "", 9) = 0', "7 close(3) = 0"]
    assert unreachable(*by_peer, *pair(4, NOTAVAIL)) == [("pair-in-use", "warning")]


def test_a_pair_of_ends_is_free_again_after_a_minute() -> None:
    """What has it then is not the connection of this trace, however many others there were."""
    closed = [*pair(3, "0"), "7 close(3) = 0"]
    many = []
    for port in range(1, 2200):
        connected = f"7 connect(3, {v4(port, '192.0.2.9')}) = 0"
        many += [sock(3), f"7 bind(3, {v4(46000)}) = 0", connected, "7 close(3) = 0"]
    for between, later, line in (
        ([], "10:00:30", "other_line"),
        ([], "10:02:00", None),
        (many, "10:00:30", "other_line"),
        (many, "10:02:00", None),
    ):
        lines = [f"10:00:00 {line[2:]}" for line in [*closed, *between]]
        lines += [f"{later} {line[2:]}" for line in pair(4, NOTAVAIL)]
        analysis = sa.analyze(io.BytesIO("\n".join(lines).encode() + b"\n"))
        (found,) = [one for one in analysis.findings if one.rule == "address-not-available"]
        assert found.cause == ("pair-in-use" if line is None else "pair-in-time-wait")
        assert (found.detail("other_line") is None) == (line is None)


def test_clean_is_not_said_of_what_failed() -> None:
    lines = START.format(pid=7, name="a") + "\n".join(pair(4, NOTAVAIL)) + "\n"
    analysis = sa.analyze(io.BytesIO(lines.encode()))
    assert [failure.explanation for failure in analysis.failed_calls] == ["pair-in-use"]


def test_a_listener_that_only_a_child_has_left_is_no_socket_of_one_s_own() -> None:
    """The server made it, a child executed a program with it, the server closed it and binds anew."""
    started = [f"7 {CLONE} = 8", '8 execve("/bin/sleep", ["sleep", "9"], 0x7f /* 1 var */) = 0']
    again = ["7 close(3) = 0", *fails(80, pid=7)]
    cause, pid, fd, what, level = holder(*listener(80), *started, *again)
    assert (cause, pid, fd, what, level) == ("inherited-listener", 8, 3, "a listener", "error")


def test_a_listener_that_a_child_has_too_is_one_s_own() -> None:
    started = [f"7 {CLONE} = 8", '8 execve("/bin/sleep", ["sleep", "9"], 0x7f /* 1 var */) = 0']
    cause, pid, *_ = holder(*listener(80), *started, *fails(80, pid=7))
    assert (cause, pid) == ("own-socket", 7)


@pytest.mark.parametrize("error", [NOTAVAIL, None])
def test_connections_that_ended_and_are_not_closed_are_named_when_ports_run_out(
    error: str | None,
) -> None:
    """However short the time: the ports that they stand on are those that are missing."""
    peer = v4(80, "192.0.2.7")
    lines = []
    for fd in range(3, 8):
        lines += [
            sock(fd, 9),
            f"9 connect({fd}, {peer}) = 0",
            f'9 recvfrom({fd}, "", 10, 0, NULL, NULL) = 0',
        ]
    ending = [sock(8, 9), f"9 connect(8, {peer}) = {error or 0}"]
    times = [
        f"{line[:1]} 1700000000.{at:06d}{line[1:]}" for at, line in enumerate([*lines, *ending])
    ]
    assert len(found("socket-leak", *times)) == (5 if error else 0)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("", "If that shows only TIME-WAIT: set SO_REUSEADDR before bind(), as servers do."),
        (
            "7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n",
            "If that shows only TIME-WAIT: SO_REUSEADDR is set here: the program that had the port before must set it too.",
        ),
    ],
)
def test_what_is_set_already_is_not_advised(option: str, said: str) -> None:
    trace = (
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"{option}"
        '7 bind(3, {sa_family=AF_INET, sin_port=htons(9090), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)\n'
        "7 close(3) = 0\n"
    )
    report = printed(sa.analyze(io.BytesIO(trace.encode())))
    assert said in " ".join(report.split())


def test_who_may_be_another_process_is_not_said_to_be_the_same(tmp_path: Path) -> None:
    """strace -p, two of them: nothing tells whether they are threads of one process."""
    trace = tmp_path / "trace"
    trace.write_text("\n".join([*listener(80, 300), *fails(80, 302)]) + "\n")
    (finding,) = sa.analyze(trace).findings
    assert (finding.rule, finding.level) == ("port-taken", sa.Level.ERROR)
    assert (finding.cause, finding.detail("holder_line")) == ("listener", 2)


def test_a_pair_that_the_trace_does_not_show_may_be_in_time_wait() -> None:
    """Words for what is known: the one that the trace shows exists, any other may be closed."""
    begin = START.format(pid=9, name="late")
    report = printed(_analysis(begin, *pair(4, NOTAVAIL)))
    assert "exists already, or is in TIME_WAIT" in " ".join(report.split())
    report = printed(_analysis(begin, *pair(3, "0"), *pair(4, NOTAVAIL)))
    assert "already exists: there can be only one" in " ".join(report.split())


def test_a_server_on_the_ipv6_loopback_is_told_of_binding() -> None:
    """Not of connecting: AI_ADDRCONFIG is no help to a server."""
    lines = [sock(4, 9, "AF_INET6"), f"9 bind(4, {v6(80, '::1')}) = {NOTAVAIL}"]
    report = printed(_analysis(START.format(pid=9, name="late"), *lines))
    assert "binds to ::1 where there is no IPv6" in report
    assert "AI_ADDRCONFIG" not in report


def _analysis(begin: str, *lines: str) -> sa.Analysis:
    return sa.analyze(io.BytesIO("\n".join([begin.rstrip(), *lines, ""]).encode()))


HERE = "TCP:[0.0.0.0:8080]"
THERE = "TCP:[10.0.0.1:8080->10.0.0.9:5000]"
CLIENT = '{sa_family=AF_INET, sin_port=htons(5000), sin_addr=inet_addr("10.0.0.9")}, [16]'
ACCEPTS = f"7 accept4(3<{HERE}>, {CLIENT}, SOCK_CLOEXEC) = 5<{THERE}>"
BY_NOTE = [
    (ACCEPTS, ("listener", 7, 3, "a listener")),
    (f"7 listen(3<{HERE}>, 5) = 0", ("listener", 7, 3, "a listener")),
    (
        f"7 accept4(3<TCPv6:[[::]:8080]>, {CLIENT}, 0) = -1 EAGAIN (Again)",
        ("listener", 7, 3, "a listener"),
    ),
    (f"7 getsockname(3<{HERE}>, {v4(8080).replace('16', '[16]')}) = 0", None),
    (f"7 getsockname(3, {v4(8080).replace('16', '[16]')}) = 0", None),
    (
        f'7 read(5<{THERE}>, "x", 9) = 1',
        ("connection", 7, 5, "a connection with 10.0.0.9:5000"),
    ),
    (
        f'7 write(5<{THERE}>, "x", 1) = 1',
        ("connection", 7, 5, "a connection with 10.0.0.9:5000"),
    ),
    (
        f"7 recvmsg(5<{THERE}>, 0x7ff1, 0) = -1 EAGAIN (Again)",
        ("connection", 7, 5, "a connection with 10.0.0.9:5000"),
    ),
]


@pytest.mark.parametrize(("line", "expected"), BY_NOTE, ids=str)
def test_a_holder_that_only_a_note_shows_is_named(
    line: str, expected: tuple[str, int, int, str] | None
) -> None:
    expected = expected or ("bound-socket", 7, 3, "a bound socket")
    assert holder(line, *fails(8080))[:4] == expected
    halves = line.partition(") = ")
    first, second = (
        f"{halves[0]} <unfinished ...>",
        f"7 <... {line[2:].partition('(')[0]} resumed>) = {halves[2]}",
    )
    assert holder(first, second, *fails(8080))[:4] == expected


CLOSING = "7 close(3 <unfinished ...>"


@pytest.mark.parametrize("call", [f"bind(4, {v4(80)})", "listen(4, 5)"])
def test_a_socket_whose_close_is_under_way_has_its_port(call: str) -> None:
    """And not longer than that."""
    wants = [sock(4, 9), f"9 {call} = {INUSE}"]
    if call.startswith("listen"):
        wants.insert(1, f"9 bind(4, {v4(80)}) = 0")
    before = listener(80)
    (one,) = found("port-taken", *before, CLOSING, *wants, "7 <... close resumed>) = 0")
    details = [one.detail(name) for name in ("holder_pid", "holder_fd", "holder", "closing")]
    assert details == [7, 3, "a listener", True]
    (one,) = found("port-taken", *before, CLOSING, "7 <... close resumed>) = 0", *wants)
    assert one.detail("closing") is None


def test_a_listener_that_its_heir_is_closing_is_said_to_be_inherited() -> None:
    child = [f"7 {CLONE} = 8", "8 getpid() = 8"]
    wants = [sock(4, 9), f"9 bind(4, {v4(80)}) = {INUSE}"]
    ends = ["7 close(3) = 0", "8 close(3 <unfinished ...>"]
    (one,) = found("port-taken", *listener(80), *child, *ends, *wants)
    assert (one.cause, one.detail("holder_pid")) == ("inherited-listener", 8)
    assert one.detail("closing")


def test_a_close_under_way_at_the_end_keeps_nothing_open() -> None:
    """Of a socket that is inherited without use, nothing is said: it is being closed."""
    lines = [
        *listener(80),
        f"7 {CLONE} = 8",
        '8 execve("/bin/sleep", ["sleep"], 0x7f /* 3 vars */) = 0',
    ]
    assert found("socket-inherited", *lines)
    assert not found("socket-inherited", *lines, "8 close(3 <unfinished ...>")


def test_the_report_says_that_the_holder_is_closing_the_port() -> None:
    lines = [*listener(80), CLOSING, *fails(80)[:2], "7 <... close resumed>) = 0"]
    report = " ".join(printed(sa.analyze([*lines])).split())
    assert "It was closing it at that moment: close() had begun, and had not returned." in report
    assert "bind() after that close() has returned." in report.replace("Bind()", "bind()")


@pytest.mark.parametrize("line", [line for line, shown in BY_NOTE if shown])
def test_a_holder_that_a_later_line_shows_is_named(line: str) -> None:
    (one,) = found("port-taken", *fails(8080), line)
    assert one.detail("holder_pid") == 7
    assert one.detail("seen_line") == 8
    (one,) = found(
        "port-taken", *fails(8080)[:2], f"9 bind(4, {v4(8081)}) = 0", "9 listen(4, 5) = 0", line
    )
    assert (one.detail("instead"), one.detail("holder_pid")) == (8081, 7)


@pytest.mark.parametrize(
    "gone",
    [
        [f"7 close(3<{HERE}>) = 0"],
        [f"7 close(3<{HERE}> <unfinished ...>", "7 <... close resumed>) = 0"],
        [sock(3)],
        ["7 close_range(3, 4294967295, 0) = 0"],
        ["7 +++ exited with 0 +++"],
    ],
    ids=str,
)
def test_what_a_note_showed_and_is_closed_holds_no_port(gone: list[str]) -> None:
    bound = f"7 setsockopt(3<{HERE}>, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0"
    listens = f"7 accept4(3<{HERE}>, {CLIENT}, 0) = -1 EAGAIN (Again)"
    assert holder(bound, listens, *gone, *fails(8080))[0] == "unknown"


def test_a_note_of_another_address_or_protocol_names_nobody() -> None:
    other = ACCEPTS.replace("0.0.0.0:8080", "10.0.0.1:8080")
    assert holder(other, *fails(8080, address="10.0.0.2"))[0] == "unknown"
    datagrams = '7 recvfrom(3<UDP:[0.0.0.0:8080]>, "x", 9, 0, NULL, NULL) = 1'
    assert holder(datagrams, *fails(8080))[0] == "unknown"
    udp = [sock(4, 9, kind="SOCK_DGRAM"), f"9 bind(4, {v4(8080)}) = {INUSE}"]
    assert holder(datagrams, *udp)[:3] == ("bound-socket", 7, 3)


def test_connections_that_outlive_their_listener_keep_its_port() -> None:
    """Without notes: the port is that of the listener."""
    came = f"7 accept4(3, {CLIENT}, 0) = 5"
    for pid in (7, 9):  # the server itself again, or another one
        cause, *who, level = holder(*listener(8080), came, "7 close(3) = 0", *fails(8080, pid))
        assert (cause, *who) == ("connection", 7, 5, "a connection from 10.0.0.9:5000")
        assert level == "error"


def settled(trace: Path, strict: bool) -> sa.Analysis:
    return analyze_traces(traces([str(trace)]), Settings(rules=catalogue(), strict=strict))


def test_what_notes_show_is_the_same_with_and_without_the_prefilter(tmp_path: Path) -> None:
    """Among many lines of files and of other sockets."""
    noise = ['7 read(4</etc/hosts>, "x"..., 9) = 9'] * 900
    for line, _ in BY_NOTE:
        lines = [*noise, *[line] * 3, *noise, *fails(8080), *noise]
        begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
        trace = tmp_path / "trace"
        trace.write_text(begin + "\n".join(lines) + "\n7 +++ exited with 0 +++\n")
        said = [
            [(one.cause, one.details) for one in settled(trace, strict).findings]
            for strict in (False, True)
        ]
        assert said[0] == said[1]
        assert said[0][0][0] != "unknown"


CLOEXEC = "7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3"
HEIR = [f"7 {CLONE} = 8", '8 execve("/bin/helper", ["helper"], 0x7f /* 1 var */) = 0']
MARKS = ["7 ioctl(5, TCGETS, 0x7ff1) = -1 ENOTTY (Not a tty)", "7 fcntl(5, F_GETFL) = 0"]


def inherited(*lines: str, begin: Iterable[str] = ()) -> sa.Finding:
    """The finding of a trace of a few calls by name, in which a program was started while another one
    listened, which then closed its listener."""
    calls = [CLOEXEC, *listener(80)[1:], *lines, *HEIR, "7 close(3) = 0"]
    start = ['7 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0', *begin]
    analysis = sa.analyze(io.BytesIO("\n".join([*start, *calls, *fails(80, pid=7), ""]).encode()))
    (one,) = [finding for finding in analysis.findings if finding.rule == "port-taken"]
    return one


@pytest.mark.parametrize("seen", [[], MARKS[:1], MARKS[1:]], ids=["neither", "ioctl", "fcntl"])
def test_who_may_have_inherited_a_listener_is_told_where_the_flag_is_not_seen(
    seen: list[str],
) -> None:
    """FD_CLOEXEC can be changed by fcntl() and ioctl(): TIME_WAIT is then a guess."""
    one = inherited(*seen)
    assert (one.cause, one.confidence) == ("time-wait", sa.Confidence.PROBABLE)
    assert [one.detail(f"may_hold_{what}") for what in ("program", "pid", "fd")] == ["helper", 8, 3]


def test_nobody_may_have_inherited_it_where_the_flag_is_seen() -> None:
    one = inherited(*MARKS)
    assert (one.cause, one.confidence) == ("time-wait", sa.Confidence.CERTAIN)
    assert one.detail("may_hold_fd") is None


def test_a_number_that_was_given_again_was_not_inherited() -> None:
    calls = [CLOEXEC, *listener(80)[1:], *HEIR, "8 socket(AF_UNIX, SOCK_STREAM, 0) = 3"]
    (one,) = found("port-taken", *calls, "7 close(3) = 0", *fails(80, pid=7))
    assert (one.cause, one.detail("may_hold_fd")) == ("time-wait", None)


@pytest.mark.parametrize("strict", [False, True])
def test_a_listener_that_ioctl_made_inheritable_is_inherited(strict: bool, tmp_path: Path) -> None:
    """Python's set_inheritable(True); and FIOCLEX the other way round. Among many lines of others."""
    noise = ["7 ioctl(5</dev/null>, TCGETS, 0x7ff1) = -1 ENOTTY (Not a tty)"] * 900
    for made, request, cause in (
        (CLOEXEC, "FIONCLEX", "inherited-listener"),
        (sock(3), "FIOCLEX", "time-wait"),
    ):
        lines = [
            *(made, *listener(80)[1:], *noise, f"7 ioctl(3<TCP:[0.0.0.0:80]>, {request}) = 0"),
            *(*noise, *HEIR, "7 close(3) = 0", *fails(80, pid=7)),
        ]
        path = tmp_path / "trace"
        path.write_text("\n".join([START.format(pid=7, name="server").rstrip(), *lines, ""]))
        taken = [one for one in settled(path, strict).findings if one.rule == "port-taken"]
        assert [(one.cause, one.confidence) for one in taken] == [(cause, sa.Confidence.CERTAIN)]


def test_each_port_has_a_sentence_of_its_own() -> None:
    """One process that cannot have two ports, one of them twice."""
    lines = [*fails(80), *fails(443), *fails(80)]
    analysis = _analysis(START.format(pid=9, name="late"), *lines)
    told = sorted(group.message for group in analysis.groups if group.rule == "port-taken")
    assert told == [
        "port 443 is taken, late (pid 9) cannot have it: 1 bind() call failed EADDRINUSE, on line 7",
        "port 80 is taken, late (pid 9) cannot have it: 2 bind() calls failed EADDRINUSE, first on "
        "line 4",
    ]


@pytest.mark.parametrize("is_set", [True, False])
def test_a_source_port_with_so_reuseaddr_is_told_what_the_kernel_does_then(is_set: bool) -> None:
    """docs/kernel.md "A port that is taken": bind() has it where all others have set that too."""
    option = "9 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"
    lines = [
        *(sock(3, 9), *([option] if is_set else []), f"9 bind(3, {v4(46000)}) = 0"),
        *(f"9 connect(3, {v4(80, '192.0.2.7')}) = 0", "9 close(3) = 0"),
    ]
    report = printed(_analysis(START.format(pid=9, name="late"), *lines))
    said = " ".join(report.split())
    assert ("only where the other socket has set it too" in said) == is_set
    assert ("fails with EADDRINUSE whenever one of them is using the port" in said) != is_set


def on(family: str, fd: int, kind: str = "SOCK_STREAM", *options: str) -> list[str]:
    """A socket of the program, with options that are set to 1."""
    set_ = [f"9 setsockopt({fd}, {option}, [1], 4) = 0" for option in options]
    return [sock(fd, 9, family, kind), *set_]


ADDRESS = "SOL_SOCKET, SO_REUSEADDR"
SHARED = "SOL_SOCKET, SO_REUSEPORT"
ONLY = "SOL_IPV6, IPV6_V6ONLY"
ONCE = "Bind once: use the socket that has the port, or close it first."
APART = "Set IPV6_V6ONLY on the IPv6 socket before bind()"
BOTH = "set SO_REUSEPORT on both sockets before bind()"


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
def test_whom_so_reuseport_would_share_the_port_with(ours: bool, theirs: bool) -> None:
    """socket(7): the processes must have the same effective user, which a trace does not show."""
    has, wants = listener(80), fails(80)
    if theirs:
        has.insert(1, f"7 setsockopt(3, {SHARED}, [1], 4) = 0")
    if ours:
        wants.insert(1, f"9 setsockopt(4, {SHARED}, [1], 4) = 0")
    begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
    said = " ".join(printed(_analysis(begin, *has, *wants)).split())
    assert ("only among processes of one effective user" in said) == (ours and theirs)
    assert (BOTH in said) == (ours != theirs)


def twice(
    first: list[str], one: str, second: list[str], other: str, listens: bool = True
) -> list[str]:
    listen = ["9 listen(3, 5) = 0"] if listens else []
    return [*first, f"9 bind(3, {one}) = 0", *listen, *second, f"9 bind(4, {other}) = {INUSE}"]


@pytest.mark.parametrize(
    ("lines", "level", "advice"),
    [
        (twice(on("AF_INET", 3), v4(80), on("AF_INET", 4), v4(80)), "error", ONCE),
        (twice(on("AF_INET6", 3), v6(80), on("AF_INET6", 4), v6(80)), "error", ONCE),
        (
            twice(on("AF_INET6", 3), v6(80, "::ffff:10.0.0.1"), on("AF_INET", 4), v4(80)),
            "error",
            ONCE,
        ),
        (
            twice(
                on("AF_INET", 3, "SOCK_DGRAM"),
                v4(80),
                on("AF_INET", 4, "SOCK_DGRAM"),
                v4(80),
                listens=False,
            ),
            "error",
            ONCE,
        ),
        (
            twice(on("AF_INET", 3, "SOCK_STREAM", SHARED), v4(80), on("AF_INET", 4), v4(80)),
            "error",
            BOTH,
        ),
        (
            twice(on("AF_INET", 3), v4(80), on("AF_INET", 4, "SOCK_STREAM", SHARED), v4(80)),
            "error",
            BOTH,
        ),
        (
            [
                *twice(
                    on("AF_INET", 3, "SOCK_STREAM", ADDRESS),
                    v4(80),
                    on("AF_INET", 4, "SOCK_STREAM", ADDRESS),
                    v4(80),
                )[:-1],
                f"9 bind(4, {v4(80)}) = 0",
                f"9 listen(4, 5) = {INUSE}",
            ],
            "error",
            ONCE,
        ),
        (twice(on("AF_INET6", 3), v6(80), on("AF_INET", 4), v4(80)), "note", APART),
        (twice(on("AF_INET6", 3), v6(80), on("AF_INET", 4), v4(80, "10.0.0.1")), "note", APART),
        (twice(on("AF_INET", 3), v4(80), on("AF_INET6", 4), v6(80)), "note", APART),
        (twice(on("AF_INET", 3), v4(80, "127.0.0.1"), on("AF_INET6", 4), v6(80)), "error", ONCE),
        (
            twice(on("AF_INET6", 3), v6(80), on("AF_INET6", 4, "SOCK_STREAM", ONLY), v6(80)),
            "error",
            ONCE,
        ),
    ],
)
def test_a_port_that_the_program_has_itself_is_a_note_only_where_it_is_served(
    lines: list[str], level: str, advice: str
) -> None:
    """By one socket of both families; what else it asks for twice it does not get."""
    cause, pid, fd, _, found_level = holder(*lines)
    assert (pid, fd, found_level) == (9, 3, level)
    assert cause == ("own-dual-stack" if level == "note" else "own-socket")
    begin = START.format(pid=9, name="late")
    report = printed(
        sa.analyze(io.BytesIO((begin + "\n".join(lines) + "\n").encode())), everything=True
    )
    assert advice in " ".join(report.split())
    assert [each for each in (APART, BOTH) if each in " ".join(report.split())] == (
        [] if advice == ONCE else [advice]
    )


@pytest.mark.parametrize(
    "then",
    [
        [sock(5, 9, kind="SOCK_DGRAM"), f"9 bind(5, {v4(81)}) = 0"],
        [sock(5, 9, "AF_INET6"), f"9 bind(5, {v6(81)}) = 0"],
        [sock(5, 9), f"9 bind(5, {v4(81, '10.0.0.1')}) = 0"],
    ],
)
def test_another_server_on_the_next_port_is_no_search_for_a_free_one(then: list[str]) -> None:
    assert holder(*fails(80), *then)[4] == "error"


def test_the_next_port_is_no_way_out_while_the_socket_that_failed_is_kept() -> None:
    then = [sock(5, 9), f"9 bind(5, {v4(81)}) = 0"]
    tried = fails(80)[:2]
    assert holder(*tried, *then, "9 exit_group(1) = ?", "9 +++ exited with 1 +++")[4] == "error"


def test_the_port_at_another_address_is_another_port() -> None:
    then = [sock(5, 9), f"9 bind(5, {v4(80, '10.0.0.2')}) = 0"]
    assert holder(*fails(80, address="10.0.0.1"), *then)[4] == "error"


@pytest.mark.parametrize(
    ("close", "confidence"), [([], "probable"), (["7 close(9) = 0"], "certain")]
)
def test_a_connection_may_have_been_closed_where_no_close_is_shown(
    close: list[str], confidence: str
) -> None:
    """-e trace=network: then its TIME_WAIT has the port, against which SO_REUSEADDR helps."""
    came = f"7 accept4(3, {CLIENT}, 0) = 5"
    server = [*listener(8080), came, "7 close(3) = 0"] if close else listener(8080)[:1]
    shown = '7 recvfrom(5<TCP:[10.0.0.1:8080->10.0.0.9:5000]>, "x", 9, 0, NULL, NULL) = 1'
    lines = [*(server if close else [shown]), *close, *fails(8080)[:2]]
    begin = '7 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0\n' if close else ""
    made = sa.analyze(io.BytesIO((begin + "\n".join(lines) + "\n").encode()))
    (one,) = [finding for finding in made.findings if finding.rule == "port-taken"]
    assert (one.cause, one.confidence.name.lower()) == ("connection", confidence)
    report = " ".join(printed(made, everything=True).split())
    assert ("Or its TIME_WAIT has it" in report) == (not close)
    assert ("Fix Set SO_REUSEADDR before bind(), as servers do (both" in report) == (not close)


RIGHTS = (
    "msg_name=NULL, msg_namelen=0, msg_iov=[{{iov_base=0x1, iov_len=1}}], msg_iovlen=1, "
    "msg_control=[{{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[{fd}]}}], "
    "msg_controllen=24, msg_flags=0"
)


def passes(fd: int, pid: int = 7) -> str:
    return f"{pid} sendmsg(9, {{{RIGHTS.format(fd=fd)}}}, 0) = 1"


def takes(fd: int, pid: int = 9) -> str:
    return f"{pid} recvmsg(9, {{{RIGHTS.format(fd=fd)}}}, 0) = 1"


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM"])
def test_a_socket_that_was_passed_to_another_process_and_closed_here(kind: str) -> None:
    """SO_REUSEADDR on both would rule out TIME_WAIT; the socket is open elsewhere."""
    made = [sock(3, kind=kind), f"7 bind(3, {v4(80)}) = 0"]
    again = [sock(4, kind=kind), f"7 bind(4, {v4(80)}) = {INUSE}"]
    gone = [passes(3), "7 close(3) = 0"]
    assert holder(*made, *gone, *again)[0] == "passed-socket"
    assert holder(*made, passes(3), *again)[:3] == ("own-socket", 7, 3)
    assert holder(*made, *gone, *fails(81))[0] == "unknown"


def test_who_received_a_socket_is_named_where_it_is_seen() -> None:
    lines = [*listener(80), passes(3), takes(5), "7 close(3) = 0", *fails(80, 7)]
    (one,) = found("port-taken", *lines)
    assert [one.detail(f"receiver_{what}") for what in ("program", "pid", "fd")] == ["late", 9, 5]
    begin = START.format(pid=7, name="server") + START.format(pid=9, name="late")
    made = sa.analyze(io.BytesIO((begin + "\n".join(lines) + "\n").encode()))
    report = " ".join(printed(made).split())
    assert "passed a listener on this port to another process (SCM_RIGHTS), which was" in report
    assert "probably has it still: perhaps late (pid 9, fd 5), which received one" in report


@pytest.mark.parametrize(
    ("named", "to", "own", "cause"),
    [
        (True, "127.0.0.1", "0.0.0.0", "self-connection"),
        (True, "10.0.0.1", "10.0.0.1", "self-connection"),
        (True, "10.0.0.2", "10.0.0.1", "own-connection"),
        (True, "10.0.0.2", "0.0.0.0", "own-connection"),
        (False, "127.0.0.1", "127.0.0.1", "self-connection"),
        (False, "10.0.0.2", "10.0.0.1", "outgoing-connection"),
    ],
)
def test_a_connection_with_itself(named: bool, to: str, own: str, cause: str) -> None:
    bind = [f"7 bind(3, {v4(40004, own)}) = 0"] if named else []
    shown = [] if named else [f"7 getsockname(3, {v4(40004, own).replace('16', '[16]')}) = 0"]
    made = [sock(3), *bind, f"7 connect(3, {v4(40004, to)}) = 0", *shown]
    assert holder(*made, *fails(40004, 7))[0] == cause


def test_a_connection_whose_port_only_a_later_getsockname_shows() -> None:
    made = [sock(3), f"7 connect(3, {v4(80, '10.0.0.2')}) = 0"]
    shown = f"7 getsockname(3, {v4(40004, '10.0.0.1').replace('16', '[16]')}) = 0"
    what = "the local end of an outgoing connection to 10.0.0.2:80"
    assert holder(*made, *fails(40004), shown)[:4] == ("outgoing-connection", 7, 3, what)
    other = shown.replace("40004", "40005")
    assert holder(*made, *fails(40004), other)[0] == "unknown"
    assert holder(*fails(40004), *made, shown)[0] == "unknown"
    elsewhere = fails(40004, address="10.0.0.9")
    assert holder(*made, *elsewhere, shown)[0] == "unknown"


def test_findings_about_two_ports_are_two(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("\n".join([*fails(80), *fails(81)]) + "\n")
    report = " ".join(printed(sa.analyze(trace)).split())
    assert "port 80 is taken" in report
    assert "port 81 is taken" in report


@pytest.mark.parametrize(
    ("family", "address", "said", "is_checked"),
    [
        ("AF_INET", v4(80, "192.0.2.9"), "does not have the address 192.0.2.9.", False),
        ("AF_INET6", v6(80, "::ffff:192.0.2.9"), "does not have the address 192.0.2.9.", False),
        ("AF_INET6", v6(80, "2001:db8::9"), "does not have the address 2001:db8::9", True),
    ],
)
def test_only_an_ipv6_address_may_be_tentative(
    family: str, address: str, said: str, is_checked: bool
) -> None:
    lines = [sock(3, family=family), f"7 bind(3, {address}) = {NOTAVAIL}", "7 close(3) = 0"]
    begin = START.format(pid=7, name="server")
    made = sa.analyze(io.BytesIO((begin + "\n".join(lines) + "\n").encode()))
    report = " ".join(printed(made).split())
    assert said in report
    assert ("tentative" in report) is is_checked


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ((), r"python3 sidecar\.py \(pid 7, fd 3\) has it"),
        (("commands",), r"cmd-\d+ \(pid 7, fd 3\) has it"),
        (("paths",), r"python3 path-\d+ \(pid 7, fd 3\) has it"),
    ],
)
def test_the_holder_is_called_as_elsewhere_in_the_report(
    hidden: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    script = (
        '7 execve("/usr/bin/python3", ["python3", "/srv/sidecar.py"], 0x7ffd1 /* 3 vars */) = 0'
    )
    trace = tmp_path / "trace"
    begin = START.format(pid=9, name="late")
    trace.write_text(begin + "\n".join([script, *listener(80), *fails(80)]) + "\n")
    options = [f"--redact={kind}" for kind in hidden]
    report = " ".join(run("check", *options, str(trace)).stdout.split())
    assert re.search(said, report)
    assert not hidden or "sidecar" not in report
