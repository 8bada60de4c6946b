"""What a trace's own options hid: each warning and unknown, in a real trace that was filtered.

Every row is a real trace (samples/) as it would be with other options of strace. What must be said
of it was decided from what the lines still show; the findings that are left are those that they
prove, `probable` where something that they do not show could make them harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from analysis.filtering import (
    CURL,
    ERLANG,
    ERLANG_YY,
    HALVES,
    NETWORK,
    NODE,
    REQUESTS,
    SSH,
    Change,
    Lines,
    abbreviated,
    analysed,
    found,
    lines_of,
    only,
    only_failures,
    told,
    unchanged,
    undecoded,
    unknown,
    without,
    without_failures,
)
from analysis.verdicts import said

import strace_analyzer as sa

LOWER, OVER, MISS = "lowers-confidence", "may-overreport", "may-miss"
CLOSES = "close|close_range|dup[23]?|fcntl"
CLONES = "clone3?|v?fork"
CERTAIN = ("bind-any-port-zero", "certain")
PROBABLE = ("bind-any-port-zero", "probable")
UNUSED = ("bound-unused", "probable")
NO_BIND = "the options of this trace hid bind()"
MAY_BIND = "this trace shows no bind(): its options hid it, or the program made none"
MAY_BOTH = (
    "this trace shows no bind() and no connect(): its options hid them, or the program made none"
)
NO_CONNECT = "the options of this trace hid connect()"
NO_FAILURES = "the options of this trace hid connect(), or the calls that failed (-z)"
NO_SUCCESS = "the options of this trace hid every call that succeeded (-Z)"
NO_ADDRESSES = "the options of this trace hid the addresses of bind() and connect()"
NOT_OF_BIND = "the options of this trace hid the addresses of bind()"
NOT_OF_CONNECT = "the options of this trace hid the addresses of connect()"


def close(count: int) -> dict[str, tuple[int, str]]:
    return {"descriptor-calls-hidden": (count, LOWER)}


def socket(count: int) -> dict[str, tuple[int, str]]:
    return {"socket-hidden": (count, LOWER)}


def setsockopt(count: int) -> dict[str, tuple[int, str]]:
    return {"setsockopt-hidden": (count, OVER)}


def clone(count: int) -> dict[str, tuple[int, str]]:
    return {"clone-hidden": (count, LOWER)}


def failures(count: int) -> dict[str, tuple[int, str]]:
    return {"failures-hidden": (count, MISS)}


@pytest.mark.parametrize(
    ("trace", "change", "findings", "warnings"),
    [
        # nothing hidden
        (ERLANG, unchanged, {CERTAIN: 40}, {}),
        (ERLANG_YY, unchanged, {CERTAIN: 40}, {}),
        (NODE, unchanged, {CERTAIN: 10}, {}),
        (SSH, unchanged, {CERTAIN: 1}, {}),
        (REQUESTS, unchanged, {CERTAIN: 10}, {}),
        (HALVES, unchanged, {CERTAIN: 4}, {}),
        # a number may have been used again; -yy shows the port behind the connecting one
        (ERLANG, without(CLOSES), {PROBABLE: 40}, close(40)),
        (NODE, without(CLOSES), {PROBABLE: 10}, close(10)),
        (ERLANG_YY, without(CLOSES), {CERTAIN: 40}, close(40)),
        (HALVES, without(CLOSES), {CERTAIN: 4}, close(8)),
        (CURL, without(CLOSES), {}, close(1)),
        # IP_BIND_ADDRESS_NO_PORT; Erlang's getsockname() shows a port between bind and connect
        (SSH, without("setsockopt"), {PROBABLE: 1}, setsockopt(1)),
        (NODE, without("setsockopt"), {PROBABLE: 10}, setsockopt(10)),
        (ERLANG, without("setsockopt"), {CERTAIN: 40}, {}),
        (HALVES, without("setsockopt"), {CERTAIN: 4}, {}),
        # TCP or UDP
        (REQUESTS, without("socket"), {PROBABLE: 10}, socket(10)),
        (ERLANG_YY, without("socket"), {CERTAIN: 40}, socket(40)),
        # who is whose thread: the resolver and the program use sockets, each its own
        (ERLANG, without(CLONES), {CERTAIN: 40}, clone(2)),
        (NODE, without(CLONES), {CERTAIN: 10}, {}),
        (REQUESTS, without(CLONES), {CERTAIN: 10}, {}),
        # -e trace=network
        (SSH, only(NETWORK), {PROBABLE: 1}, close(1)),
        (ERLANG, only(NETWORK), {PROBABLE: 40}, {**close(40), **clone(2)}),
        (ERLANG_YY, only(NETWORK), {CERTAIN: 40}, {**close(40), **clone(2)}),
        # -e trace=bind,connect
        (SSH, only("bind|connect"), {PROBABLE: 1}, {**close(1), **socket(1), **setsockopt(1)}),
        (NODE, only("bind|connect"), {PROBABLE: 10}, {**close(10), **socket(10), **setsockopt(10)}),
        (ERLANG_YY, only("bind|connect"), {CERTAIN: 40}, {**close(40), **socket(40), **clone(2)}),
        # blocking connects: nothing shows that -z was given, and nothing is lost
        (REQUESTS, without_failures, {CERTAIN: 10}, {}),
    ],
)
def test_what_is_hidden_is_said_and_lowers_confidence(
    trace: Path,
    change: Change,
    findings: dict[tuple[str, str], int],
    warnings: dict[str, tuple[int, str]],
) -> None:
    analysis = analysed(trace, change)
    assert found(analysis) == findings
    assert told(analysis) == warnings
    assert analysis.traces[0].inconclusive is None


@pytest.mark.parametrize(
    ("trace", "change", "reason"),
    [
        (SSH, only("bind"), NO_CONNECT),
        (ERLANG, only("bind"), NO_CONNECT),
        (ERLANG, only("socket|bind"), NO_CONNECT),
        (NODE, only("connect"), NO_BIND),
        (ERLANG_YY, only("connect"), NO_BIND),
        (SSH, only("connect|close"), NO_BIND),
        (SSH, only("socket|connect"), MAY_BIND),
        (SSH, only("execve|exit_group"), MAY_BOTH),
        (SSH, only("getsockname|close"), "the options of this trace hid bind() and connect()"),
        (SSH, only("unlink"), "this trace shows no call at all"),
        (ERLANG, only_failures, NO_SUCCESS),
        (HALVES, only_failures, NO_SUCCESS),
        (CURL, only_failures, NO_BIND),
        (REQUESTS, only_failures, "this trace shows no call at all"),
        (ERLANG, without_failures, NO_FAILURES),
        (HALVES, without_failures, NO_FAILURES),
        (CURL, without_failures, NO_FAILURES),
        (SSH, undecoded("bind|connect"), NO_ADDRESSES),
        (SSH, undecoded("bind"), NOT_OF_BIND),
        (ERLANG_YY, undecoded("bind"), NOT_OF_BIND),
        (ERLANG, undecoded("connect"), NOT_OF_CONNECT),
        (NODE, abbreviated, NO_ADDRESSES),
    ],
)
def test_a_trace_that_could_not_show_bind_and_connect(
    trace: Path, change: Change, reason: str
) -> None:
    analysis = analysed(trace, change)
    assert analysis.traces[0].inconclusive == reason
    assert found(analysis) == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [(without_failures, NO_FAILURES), (only("socket|bind"), NO_CONNECT)],
)
def test_ports_that_seem_unused_only_because_connect_is_hidden(change: Change, reason: str) -> None:
    analysis = analysed(NODE, change)
    assert found(analysis) == {UNUSED: 9}
    assert analysis.traces[0].inconclusive == reason


@pytest.mark.parametrize(
    ("trace", "change", "counts"),
    [
        # a UDP or UNIX socket's connect may be the one of an early bind
        (ERLANG, without("socket"), {"older-socket": 1}),
        (NODE, only("connect"), {"older-socket": 10}),
        (ERLANG, undecoded("bind"), {"undecoded-address": 40}),
        (SSH, undecoded("bind|connect"), {"undecoded-address": 1}),
        (NODE, abbreviated, {"undecoded-address": 10}),
        # every connect was in progress, which is a failure to -z
        (ERLANG, without_failures, {"connect-hidden": 40}),
        (NODE, without_failures, {"connect-hidden": 10}),
        (CURL, without_failures, {"connect-hidden": 1}),
    ],
)
def test_what_cannot_be_known_is_counted(
    trace: Path, change: Change, counts: dict[str, int]
) -> None:
    assert unknown(analysed(trace, change)) == counts


def test_z_is_said_once_with_the_sockets_that_betray_it() -> None:
    assert told(analysed(ERLANG, without_failures)) == failures(40)


def test_a_whole_program_without_one_failure_was_traced_with_z() -> None:
    """The dynamic loader looks for files that are not there. A refused connect gives its port back:
    without it in the trace no binding is certain."""
    loader = [
        'openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3',
        "close(3) = 0",
        "set_tid_address(0x7f1c1a2d1a10) = 812",
    ]

    def began_by_loader(lines: Lines) -> Lines:
        (tid,) = {line.split()[0] for line in lines}
        return [lines[0], *(f"{tid} {call}" for call in loader * 20), *lines[1:]]

    analysis = analysed(REQUESTS, without_failures, began_by_loader)
    assert found(analysis) == {PROBABLE: 10}
    assert told(analysis) == failures(10)


# cut and torn


def test_a_trace_that_begins_in_the_middle_of_calls() -> None:
    """From the first end of a call on whose beginning is before it."""

    def later(lines: Lines) -> Lines:
        first = next(n for n, line in enumerate(lines) if "resumed>" in line)
        return lines[first:]

    assert told(analysed(HALVES, later))["truncated-start"] == (2, MISS)


@pytest.mark.parametrize("cut", [" <unfinished ...>", "", ", {sa_fam"])
def test_a_trace_that_breaks_off(cut: str) -> None:
    def earlier(lines: Lines) -> Lines:
        last = max(n for n, line in enumerate(lines) if " connect(" in line)
        return [*lines[:last], lines[last].partition(",")[0] + cut]

    analysis = analysed(SSH, earlier)
    assert told(analysis) == {"truncated-end": (1, MISS)}


def test_a_trace_that_was_let_go_does_not_break_off() -> None:
    """Ctrl-C: strace detaches, the program goes on."""

    def detached(lines: Lines) -> Lines:
        last = max(n for n, line in enumerate(lines) if " connect(" in line)
        return [*lines[:last], lines[last].partition("connect(")[0] + "read(4,  <detached ...>"]

    assert told(analysed(SSH, detached)) == {}


def test_halves_whose_other_half_is_lost() -> None:
    """`grep connect` finds the first halves, `grep -v resumed` leaves nothing else of them."""

    def without_ends(lines: Lines) -> Lines:
        return [line for line in lines if not re.search(r"<\.\.\. (connect|bind) resumed>", line)]

    torn = [line for line in lines_of(HALVES) if re.search(r"<\.\.\. (connect|bind) res", line)]
    assert len(torn) == 6
    analysis = analysed(HALVES, without_ends)
    assert told(analysis) == {"halves-lost": (6, MISS)}


def test_times_that_go_backwards() -> None:
    """Lines of two machines in one file, or a clock that was set."""

    def set_back(lines: Lines) -> Lines:
        half = len(lines) // 2
        return lines[:half] + [line.replace(" 19:00:2", " 19:00:1", 1) for line in lines[half:]]

    assert told(analysed(HALVES, set_back))["clock"] == (1, LOWER)


# what no option of strace shows


def test_io_uring_is_said_once_a_process() -> None:
    def with_ring(lines: Lines) -> Lines:
        tid = lines[0].split()[0]
        return [lines[0], *[f"{tid} io_uring_setup(8, {{flags=0}}) = 30"] * 3, *lines[1:]]

    analysis = analysed(REQUESTS, with_ring)
    assert [(entry.code, entry.count) for entry in analysis.unknown] == [("io-uring", 3)]


def test_a_socket_that_another_process_received() -> None:
    """The parent's bound socket goes over a UNIX socket, and another one comes back."""
    rights = (
        "{msg_name=NULL, msg_iov=[], msg_iovlen=0, msg_control=[{cmsg_len=20,"
        " cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[%d]}], msg_flags=0}"
    )

    def passed(lines: Lines) -> Lines:
        bind = next(n for n, line in enumerate(lines) if " bind(" in line and "htons(0)" in line)
        tid, call = lines[bind].split(maxsplit=1)
        fd = int(re.findall(r"bind\((\d+)", call)[0])
        return [
            *lines[: bind + 1],
            f"{tid} sendmsg(90, {rights % fd}, 0) = 1",
            *lines[bind + 1 :],
            f"{tid} recvmsg(90, {rights % 91}, 0) = 1",
            f"{tid} connect(91, {{sa_family=AF_INET, sin_port=htons(80),"
            ' sin_addr=inet_addr("192.0.2.7")}, 16) = 0',
        ]

    analysis = analysed(SSH, passed)
    assert unknown(analysis) == {"passed-descriptor": 1, "received-descriptor": 1}
    assert found(analysis) == {PROBABLE: 1}
    (finding,) = analysis.findings
    assert finding.doubts == {"passed-descriptor"}


AS_WE_PRINT = """\
7 10:00:00.980459 execve("/usr/bin/cat", [""..., ""...], [""..., ""...]) = 0 <0.000400>
7 10:00:00.981183 close(3</etc/ld.so.cache>) = 0 <0.000003>
7 10:00:00.981255 read(3</usr/lib/libc.so.6>, ""..., 832) = 832 <0.000003>
7 10:00:00.981344 close(3</usr/lib/libc.so.6>) = 0 <0.000003>
7 10:00:00.982288 exit_group(0)     = ?
7 10:00:00.982470 +++ exited with 0 +++
"""
"""`strace-analyzer command -- cat /dev/null`, shortened"""


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda text: text, "no-connections"),
        (lambda text: text.replace('""...', '"cat"'), "inconclusive"),  # no -s0
        (lambda text: text.replace('[""..., ""...])', "0x7ff1 /* 2 vars */)"), "inconclusive"),
        (lambda text: re.sub(r" <0\.\d+>", "", text), "inconclusive"),  # no -T
        (lambda text: re.sub(r"10:00:\S+ ", "", text), "inconclusive"),  # no -tt
        (lambda text: re.sub(r".*read\(.*\n", "", text), "inconclusive"),  # -e %process,close
        (lambda text: text.partition("7 10:00:00.982288")[0], "inconclusive"),  # the beginning
    ],
    ids=["whole", "strings", "variables", "durations", "times", "read", "end"],
)
def test_a_program_without_sockets_and_the_options_that_we_print(
    change: Callable[[str], str], verdict: str
) -> None:
    assert said(change(AS_WE_PRINT).splitlines())[0] == verdict


@pytest.mark.parametrize("call", ["bind", "connect"])
def test_a_call_that_began_and_never_returned_was_not_hidden(call: str) -> None:
    """The program was killed in it; nobody needs to know how strace was started."""
    lines = """\
        7 execve("/usr/bin/client", ["client"], 0x7ffd1 /* 20 vars */) = 0
        7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4
        7 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
        7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
        7 {call}(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16 <unfinished ...>
        7 +++ killed by SIGKILL +++"""
    verdict, reason = said([line.strip().replace("{call}", call) for line in lines.splitlines()])
    assert (verdict, reason) == (("clean", None) if call == "bind" else ("inconclusive", MAY_BIND))


@pytest.mark.parametrize(
    "lost",
    ["7 setsockopt(3, SOL_SOC", "7 bind(3, {~~) = 0", "[...]", "7 connect(3, {~~) = 0"],
)
def test_options_are_not_blamed_for_lines_that_are_missing_or_unread(lost: str) -> None:
    lines = ['7 execve("a", ["a"], 0x7f1 /* 2 vars */) = 0', lost, "7 +++ exited with 0 +++"]
    analyzer = sa.Analyzer()
    for line in lines:
        analyzer.feed(line)
    told_of = analyzer.close()
    assert told_of.traces[0].inconclusive is not None
    assert not any("options of this trace" in warning.message for warning in told_of.warnings)


@pytest.mark.parametrize(
    ("address", "verdict"),
    [("127.0.0.1", "inconclusive"), ("10.0.0.5", "inconclusive"), ("0.0.0.0", "clean")],
)
def test_a_listener_on_a_specific_address_was_bound(address: str, verdict: str) -> None:
    """By a bind() that -e 'trace=!bind' hid, if none is shown."""
    lines = f"""\
        7 execve("/usr/bin/server", ["server"], 0x7ffd1 /* 20 vars */) = 0
        7 brk(NULL) = 0x55d0
        7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
        7 listen(3, 9) = 0
        7 getsockname(3, {{sa_family=AF_INET, sin_port=htons(46013), sin_addr=inet_addr("{address}")}}, [16]) = 0
        7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4
        7 connect(4, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}}, 16) = 0
        7 close(4) = 0
        7 exit_group(0) = ?
        7 +++ exited with 0 +++"""
    assert said([line.strip() for line in lines.splitlines()])[0] == verdict
