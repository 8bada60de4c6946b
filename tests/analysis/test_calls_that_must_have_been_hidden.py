"""What a filter of strace left out shows in what it left in: sockets that are made and never used,
numbers that nobody gave, a process that exits without exit_group()."""

from __future__ import annotations

import io
import itertools

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.constants import NETWORK_CALLS
from strace_analyzer.trace.reader import stream_trace

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
PEER = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}'
LOADER = """\
execve("/x", ["x"], 0x7ffd /* 2 vars */) = 0
brk(NULL) = 0x5581
access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)
openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
close(3) = 0
set_robust_list(0x7f1, 24) = 0
"""
CLIENT = f"""\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0
bind(3, {ANY}, 16) = 0
connect(3, {PEER}, 16) = 0
sendto(3, "x", 1, 0, NULL, 0) = 1
recvfrom(3, "x", 1, 0, NULL, NULL) = 1
write(3, "x", 1) = 1
close(3) = 0
"""
END = """\
munmap(0x7f1, 16384) = 0
exit_group(0) = ?
+++ exited with 0 +++
"""


def shown(text: str, *hidden: str, only: tuple[str, ...] = ()) -> str:
    """The lines of `text` without these calls, or with these calls `only`; exits of tasks are
    always shown."""
    lines = []
    for line in text.splitlines(keepends=True):
        name = line.partition("(")[0]
        if line.startswith("+++") or (name in only if only else name not in hidden):
            lines.append(line)
    return "".join(lines)


def said(text: str, *, strict: bool = True, pid: str = "") -> tuple[str, str | None, list[str]]:
    """The verdict, why nothing can be said, and the codes of all reasons."""
    lines = "".join(f"{pid}{line}" for line in text.splitlines(keepends=True))
    settings = Settings(rules=tuple(catalogue()), strict=strict)
    analysis = analyze_traces([stream_trace("t", io.BytesIO(lines.encode()))], settings)
    codes = [warning.code for warning in analysis.warnings]
    verdict = judge(Selected(analysis), parse_gate((), ())).verdict
    return verdict, analysis.traces[0].inconclusive, codes


WHOLE = LOADER + CLIENT + END


@pytest.mark.parametrize("pid", ["", "7 "])
@pytest.mark.parametrize(
    "hidden",
    [
        ("connect",),
        ("connect", "sendto", "recvfrom", "write", "setsockopt"),
        ("socket", "bind", "connect"),
        ("socket", "bind", "connect", "setsockopt"),
        tuple(sorted(NETWORK_CALLS)),
        (*sorted(NETWORK_CALLS), "write"),
    ],
)
def test_a_client_whose_calls_were_filtered_out_is_not_without_connections(
    hidden: tuple[str, ...], pid: str
) -> None:
    assert said(WHOLE, pid=pid)[0] == "findings"
    verdict, reason, codes = said(shown(WHOLE, *hidden), pid=pid)
    assert (verdict, reason is not None) == ("inconclusive", True)
    assert set(codes) & {"connect-hidden", "bind-and-connect-hidden"}


LISTS = [
    calls
    for size in range(1, 4)
    for calls in itertools.combinations(
        ("socket", "setsockopt", "sendto", "recvfrom", "close", "execve", "openat", "brk"), size
    )
]


@pytest.mark.parametrize("calls", LISTS, ids=",".join)
def test_a_list_without_bind_and_connect_shows_no_client(calls: tuple[str, ...]) -> None:
    assert said(shown(WHOLE, only=calls))[0] == "inconclusive"


@pytest.mark.parametrize("calls", ["bind", "socket,bind", "socket,bind,close", "bind,close"])
def test_a_list_without_connect_shows_no_client(calls: str) -> None:
    assert said(shown(WHOLE, only=tuple(calls.split(","))))[0] == "inconclusive"


OTHERS = {
    "no sockets": "",
    "a probe for IPv6": "socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = 3\nclose(3) = 0\n",
    "a probe of TCP": "socket(AF_INET6, SOCK_STREAM, IPPROTO_IP) = 3\nclose(3) = 0\n",
    "a free port": (
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"bind(3, {ANY}, 16) = 0\n"
        f"getsockname(3, {ANY.replace('htons(0)', 'htons(40001)')}, [16]) = 0\n"
        "close(3) = 0\n"
    ),
    "Go's probe": "".join(
        "socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"setsockopt(3, SOL_IPV6, IPV6_V6ONLY, [{only}], 4) = 0\n"
        f'bind(3, {{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "{address}", '
        "&sin6_addr), sin6_flowinfo=0, sin6_scope_id=0}, 28) = 0\n"
        "close(3) = 0\n"
        for only, address in ((1, "::1"), (0, "::ffff:127.0.0.1"))
    ),
    "a server": (
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"bind(3, {ANY}, 16) = 0\nlisten(3, 5) = 0\nclose(3) = 0\n"
    ),
    "what it inherited": "getsockname(0, {sa_family=AF_UNIX}, [110 => 2]) = 0\n",
    "other descriptors": (
        "eventfd2(0, EFD_CLOEXEC) = 3\nread(3, 1, 8) = 8\nclose(3) = 0\n"
        "pipe2([3, 4], O_CLOEXEC) = 0\nclose(3) = 0\nclose(4) = 0\n"
        "dup2(1, 3) = 3\nclose(3) = 0\nfcntl(1, F_DUPFD, 3) = 3\nclose(3) = 0\n"
        "perf_event_open({type=0}, 0, -1, -1, 0) = 3\nclose(3) = 0\nclose(3) = -1 EBADF (Bad file "
        "descriptor)\n"
    ),
    "events of files": (
        'fanotify_init(FAN_CLASS_NOTIF, O_RDONLY) = 3\nread(3, "x", 24) = 24\nclose(4) = 0\n'
        'read(3, "x", 24) = 24\nclose(4) = 0\nclose(3) = 0\n'
    ),
}


@pytest.mark.parametrize("pid", ["", "7 "])
@pytest.mark.parametrize("other", OTHERS)
def test_a_program_that_shows_all_of_its_calls_has_no_connections(other: str, pid: str) -> None:
    assert said(LOADER + OTHERS[other] + END, pid=pid)[0] == "no-connections"


def test_numbers_that_other_threads_took_are_not_hidden() -> None:
    text = f"""\
7 {LOADER.replace(chr(10), chr(10) + "7 ").removesuffix("7 ")}\
7 clone3({{flags=CLONE_VM|CLONE_FILES|CLONE_THREAD|CLONE_SIGHAND}}, 88) = 8
8 openat(AT_FDCWD, "/x", O_RDONLY) = 3
7 close(3) = 0
8 openat(AT_FDCWD, "/x", O_RDONLY <unfinished ...>
7 openat(AT_FDCWD, "/y", O_RDONLY) = 4
8 <... openat resumed>) = 3
7 close(3) = 0
8 exit(0) = ?
8 +++ exited with 0 +++
7 exit_group(0) = ?
7 +++ exited with 0 +++
"""
    assert said(text)[0] == "no-connections"


@pytest.mark.parametrize("far", [3_000, 20_000])
def test_whether_all_lines_are_looked_at_changes_nothing(far: int) -> None:
    filler = 'openat(AT_FDCWD, "/x", O_RDONLY) = 3\nread(3, "x", 4096) = 1\nclose(3) = 0\n' * far
    filtered = shown(CLIENT, *NETWORK_CALLS)
    for text in (LOADER + filler + END, LOADER + filler + filtered + END, LOADER + filler):
        assert said(text, strict=False, pid="7 ") == said(text, pid="7 ")
    without_exits = shown(LOADER + filler + END, "exit_group")
    fast = said(without_exits, strict=False, pid="7 ")
    assert fast == said(without_exits, pid="7 ")
    assert fast[0] == "inconclusive"


def test_a_pidfd_is_given_by_clone() -> None:
    loader = "".join(f"7 {line}" for line in LOADER.splitlines(keepends=True))
    text = f"""\
{loader}\
7 clone3({{flags=CLONE_PIDFD, pidfd=0x7ffd, exit_signal=SIGCHLD}} => {{pidfd=[3]}}, 88) = 8
8 exit_group(0) = ?
8 +++ exited with 0 +++
7 openat(AT_FDCWD, "/x", O_RDONLY) = 4
7 close(4) = 0
7 close(3) = 0
7 exit_group(0) = ?
7 +++ exited with 0 +++
"""
    assert said(text)[0] == "no-connections"
    assert said(text.replace("CLONE_PIDFD", "CLONE_FS"))[0] == "inconclusive"


LOOPBACK = ANY.replace("0.0.0.0", "127.0.0.1")


@pytest.mark.parametrize("address", [ANY, LOOPBACK])
def test_a_bind_that_nothing_follows_is_no_proof_of_a_hidden_connect(address: str) -> None:
    """It may be all that the program did: to see whether it may bind."""
    tries = (
        f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nbind(3, {address}, 16) = 0\nclose(3) = 0\n"
    )
    verdict, reason, _ = said(LOADER + 'getcwd("/", 4096) = 2\n' * 30 + tries + END)
    assert (verdict, reason) == (
        "inconclusive",
        "this trace shows no connect(): its options hid it, or the program made none",
    )


def test_the_number_is_named() -> None:
    reason = said(shown(WHOLE, *NETWORK_CALLS))[1]
    assert reason == (
        "a call that this trace does not show gave the number 3 to a descriptor (it is in use "
        "again at line 7): its options hid calls, or lines were left out"
    )


def test_public_names() -> None:
    analysis = sa.analyze(io.BytesIO(shown(WHOLE, "connect", "sendto", "recvfrom").encode()))
    assert analysis.traces[0].inconclusive == "the options of this trace hid connect()"


@pytest.mark.parametrize(("failure", "is_told"), [("", True), ("-1 ENOENT (No such file)", False)])
def test_rests_of_calls_without_names_are_said_to_come_of_z(failure: str, is_told: bool) -> None:
    """strace 6.1 -f -z leaves out `<... wait4 resumed>`."""
    filler = 'read(4, "x", 1) = 1\n' * 60 + (f'access("/x", R_OK) = {failure}\n' * bool(failure))
    client = "".join(f"7 {line}\n" for line in (filler + CLIENT.replace(ANY, PEER)).splitlines())
    rest = "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8\n"
    verdict, reason, _ = said(f"{client}7 wait4(-1,  <unfinished ...>\n{rest}7 exit_group(0) = ?\n")
    assert verdict == "inconclusive"
    assert reason is not None
    assert ("-z" in reason) == is_told
