"""What a review with real programs under strace 6.1 broke, each as a short trace of its own."""

from __future__ import annotations

import io
from inspect import cleandoc

import pytest

import strace_analyzer as sa

SOCKET = """\
7 futex(0x7f1, FUTEX_WAKE_PRIVATE, 1) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"""
"""with a call that shows that the trace is not filtered"""
BIND = '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
CONNECT = (
    '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16)'
)
LOADER = """\
7 execve("./client", ["./client"], 0x7ffd1 /* 3 vars */) = 0
7 brk(NULL) = 0x5581
7 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3"""


def analysed(*lines: str) -> sa.Analysis:
    """The analysis of a trace of these lines."""
    text = "".join(f"{cleandoc(line)}\n" for line in lines)
    return sa.analyze(io.BytesIO(text.encode()))


def found(analysis: sa.Analysis) -> list[tuple[str, str, str]]:
    """(rule, outcome, confidence) of each finding."""
    return [(f.rule, f.outcome.value, f.confidence.value) for f in analysis.findings]


def inconclusive(*lines: str) -> str | None:
    """Why a trace of these lines says nothing."""
    return analysed(*lines).traces[0].inconclusive


@pytest.mark.parametrize(
    "message",
    [
        "{msg_hdr={msg_name=ADDRESS, msg_namelen=16, msg_iov=[], msg_iovlen=0}, msg_len=2}",
        "{{msg_name=ADDRESS, msg_namelen=16, msg_iov=[], msg_iovlen=0}, 2}",
    ],
)
def test_sendmmsg_with_fast_open_connects(message: str) -> None:
    address = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}'
    message = message.replace("ADDRESS", address)
    send = f"7 sendmmsg(3, [{message}], 1, MSG_FASTOPEN) = 1"
    assert found(analysed(SOCKET, BIND, send)) == [("bind-any-port-zero", "connected", "certain")]


def test_multicast_keeps_the_port_however_slow_strace_was() -> None:
    multicast = CONNECT.replace("192.0.2.7", "224.0.0.1")
    retried = analysed(
        SOCKET,
        BIND,
        f"{multicast} = -1 ENETUNREACH (Network is unreachable) <0.302479>",
        f"{CONNECT} = 0 <0.000293>",
    )
    assert found(retried) == [("bind-any-port-zero", "connected", "certain")]


def test_a_route_that_answers_slowly_leaves_the_release_open() -> None:
    """2.5 ms passed between strace's two stops on a busy machine; no router was asked."""
    retried = analysed(
        SOCKET,
        BIND,
        f"{CONNECT} = -1 ENETUNREACH (Network is unreachable) <0.002479>",
        f"{CONNECT} = 0 <0.000293>",
    )
    assert found(retried) == [("bind-any-port-zero", "connected", "probable")]


@pytest.mark.parametrize(
    "failed",
    [
        "-1 EADDRNOTAVAIL (Cannot assign requested address) (INJECTED)",
        "-1 ETIMEDOUT (Connection timed out) (INJECTED) (DELAYED)",
        "-1 ECONNREFUSED (Connection refused) (INJECTED: args, retval)",
    ],
)
def test_an_injected_failure_of_connect_gives_no_port_back(failed: str) -> None:
    """strace(1), -e inject=: the call is not made."""
    retried = analysed(SOCKET, BIND, f"{CONNECT} = {failed}", f"{CONNECT} = 0")
    assert found(retried) == [("bind-any-port-zero", "connected", "certain")]


def test_an_injected_failure_of_bind_is_no_exhaustion() -> None:
    bind = BIND.replace("= 0", "= -1 EADDRINUSE (Address already in use) (INJECTED)")
    assert found(analysed(SOCKET, bind, f"{CONNECT} = 0")) == []
    bind = BIND.replace("= 0", "= -1 EADDRINUSE (Address already in use) (DELAYED)")
    assert [rule for rule, *_ in found(analysed(SOCKET, bind))] == ["ephemeral-ports-exhausted"]


def test_a_setsockopt_that_strace_answered_is_not_in_force() -> None:
    option = "7 setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0"
    assert found(analysed(SOCKET, option, BIND, f"{CONNECT} = 0")) == []
    answered = analysed(SOCKET, f"{option} (INJECTED)", BIND, f"{CONNECT} = 0")
    assert found(answered) == [("bind-any-port-zero", "connected", "certain")]


CLASSES = {
    "%file": """
        7 execve("./client", ["./client"], 0x7ffd1 /* 3 vars */) = 0
        7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)
        7 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
        7 newfstatat(AT_FDCWD, "/etc/hosts", {st_mode=S_IFREG|0644, st_size=9, ...}, 0) = 0
        """,
    "%desc": """
        7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1
        7 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
        7 fstat(3, {st_mode=S_IFREG|0644, st_size=9, ...}) = 0
        7 read(3, "nameserv"..., 4096) = 512
        7 poll([{fd=4, events=POLLOUT}], 1, 1000) = 1 ([{fd=4, revents=POLLOUT}])
        7 close(3) = 0
        """,
    "%file,%process": """
        7 execve("./client", ["./client"], 0x7ffd1 /* 3 vars */) = 0
        7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)
        7 arch_prctl(ARCH_SET_FS, 0x7f7015ae2740) = 0
        7 exit_group(0) = ?
        """,
    "-Z": """
        7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)
        7 +++ exited with 0 +++
        """,
}


@pytest.mark.parametrize("options", CLASSES)
def test_a_trace_of_other_classes_hid_bind_and_connect(options: str) -> None:
    said = inconclusive(CLASSES[options], "7 +++ exited with 0 +++")
    assert said == "the options of this trace hid bind() and connect()"


REFUSED = "-1 EACCES (Permission denied)"
MADE = "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"
LEFT_OUT = (
    "this trace shows no {}: lines were left out, its options hid {}, or the program made none"
)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([MADE, BIND.replace("= 0", f"= {REFUSED}")], LEFT_OUT.format("connect()", "it")),
        ([BIND], LEFT_OUT.format("connect()", "it")),
        ([MADE, f"{CONNECT} = {REFUSED}"], LEFT_OUT.format("bind()", "it")),
        ([f"{CONNECT} = {REFUSED}"], LEFT_OUT.format("bind()", "it")),
        (['7 read(3, "x", 9) = 1'], LEFT_OUT.format("bind() and no connect()", "them")),
        ([MADE, BIND, "7 +++ exited with 0 +++"], "the options of this trace hid connect()"),
        ([MADE, BIND] * 11, "the options of this trace hid connect()"),
        (
            [MADE, BIND.replace("= 0", f"= {REFUSED}"), "7 +++ exited with 1 +++"],
            None,
        ),
    ],
    ids=str,
)
def test_of_a_few_lines_it_is_not_said_that_options_hid_the_rest(
    lines: list[str], reason: str | None
) -> None:
    """Who pastes them may have left others out; a program that could not bind may have ended."""
    assert inconclusive(*lines) == reason


@pytest.mark.parametrize(
    "lines",
    [
        '7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file)\n7 brk(NULL) = 0x5581',
        "7 futex(0x7f1, FUTEX_WAIT_PRIVATE, 2, NULL) = 0",
        '7 epoll_wait(4, [], 64, 1000) = 0\n7 read(5, "x", 1) = 1',
        "7 accept4(3, NULL, NULL, SOCK_CLOEXEC) = 5\n7 epoll_wait(4, [], 64, 1000) = 0",
    ],
)
def test_a_trace_of_all_calls_may_do_without_connections(lines: str) -> None:
    assert inconclusive(lines) is None


def test_addresses_that_are_all_hidden_cannot_be_judged() -> None:
    raw = ["7 futex(0x7f1, 0x81, 0x1) = 0", SOCKET, "7 bind(0x3, 0x7ffe1, 0x10) = 0"]
    hidden = "the options of this trace hid the addresses of bind() and connect()"
    assert inconclusive(*raw, "7 connect(0x3, 0x7ffe1, 0x10) = 0") == hidden
    of_bind = "the options of this trace hid the addresses of bind()"
    to = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}'
    assert inconclusive(*raw, f"7 connect(3, {to}, 16) = 0") == of_bind  # -e raw=bind
    failed = "7 connect(3, 0x1, 16) = -1 EFAULT (Bad address)"
    assert inconclusive("7 futex(0x7f1, 0x81, 0x1) = 0", SOCKET, failed) is None


def test_no_failure_after_the_loader_means_that_failures_are_hidden() -> None:
    """nonblocking, with -z: connect() = -1 EINPROGRESS is not in the trace."""
    asked = "7 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"
    futex = "7 set_robust_list(0x7f1, 24) = 0"
    close = "7 close(3) = 0"
    hidden = analysed(LOADER, futex, close, SOCKET, BIND, asked)
    assert [warning.code for warning in hidden.warnings] == ["failures-hidden"]
    preload = '7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)'
    shown = analysed(LOADER, preload, futex, close, SOCKET, BIND, asked)
    assert [warning.code for warning in shown.warnings] == ["connect-hidden"]


def test_a_loader_that_closes_nothing_means_that_close_is_hidden() -> None:
    """-e trace=%file,%network shows everyday calls, and no close()."""
    preload = '7 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)'
    analysis = analysed(LOADER, preload, SOCKET, BIND, f"{CONNECT} = 0")
    assert found(analysis) == [("bind-any-port-zero", "connected", "probable")]
    assert "descriptor-calls-hidden" in [warning.code for warning in analysis.warnings]


def test_threads_of_several_attached_processes_are_told_apart() -> None:
    """strace -f -p 11 -p 12: each starts a thread; the same number in both is not the same socket."""
    thread = "clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD)"
    bind, connect = BIND.removeprefix("7 "), CONNECT.removeprefix("7 ")
    analysis = analysed(
        f"11 {thread} = 21",
        f"12 {thread} = 22",
        "21 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9",
        "21 close(9) = 0",
        "21 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        f"21 {bind}",
        "22 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        f"11 {connect} = 0",
        f"12 {connect} = 0",
        "22 close(3) = 0",
        "12 futex(0x7f1, FUTEX_WAKE_PRIVATE, 1) = 0",
    )
    assert found(analysis) == [("bind-any-port-zero", "connected", "certain")]
    lives = sorted((life.opened.line, life.process.id) for life in analysis.sockets if life.peer)
    assert lives == [(5, "t1:11"), (7, "t1:12")]


def test_a_notice_inside_of_clone_does_not_make_a_stranger_of_the_child() -> None:
    """The child unshares its table before the clone() that made it is back."""
    bind, connect = BIND.removeprefix("7 "), CONNECT.removeprefix("7 ")
    analysis = analysed(
        "futex(0x7f1, FUTEX_WAKE_PRIVATE, 1) = 0",
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        bind,
        "clone(child_stack=NULL, flags=CLONE_FILES|SIGCHLDstrace: Process 8 attached",
        " <unfinished ...>",
        "[pid     8] unshare(CLONE_FILES) = 0",
        "[pid     7] <... clone resumed>) = 8",
        "[pid     8] close(3) = 0",
        "[pid     8] socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        f"[pid     8] {connect} = 0",
        "[pid     8] +++ exited with 0 +++",
        f"{connect} = 0",
    )
    assert found(analysis) == [("bind-any-port-zero", "connected", "certain")]
    assert [finding.calls["connect"].line for finding in analysis.findings] == [12]


def test_where_close_is_hidden_a_number_used_again_tells_no_processes_apart() -> None:
    """Of network calls only: threads use numbers again, and one connects what another has bound."""
    bind = 'bind(5<TCP:[71]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
    to = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
    analysis = analysed(
        "11 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 5<TCP:[70]>",
        f"11 connect(5<TCP:[70]>, {to}) = 0",
        "12 getsockname(5<TCP:[71]>, 0x7ffe, [16]) = -1 EFAULT (Bad address)",
        "12 setsockopt(5<TCP:[71]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        f"12 {bind}, 16) = 0",
        f"13 connect(5<TCP:[0.0.0.0:40001]>, {to}) = 0",
    )
    assert found(analysis) == [("bind-any-port-zero", "connected", "probable")]
    assert [finding.calls["connect"].line for finding in analysis.findings] == [6]
