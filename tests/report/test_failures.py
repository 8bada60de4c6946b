"""What failed, and what that means: in the text, in JSON, and for the verdict."""

from __future__ import annotations

import io
import json
import re

import pytest
from report.printed import printed
from report.written import written

import strace_analyzer as sa
from strace_analyzer.report.formats import json as json_format
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.meaning import MEANING
from strace_analyzer.report.redaction.redaction import Redaction
from strace_analyzer.report.selection import Selected, Selection

START = '7 execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0\n7 getpid() = 7\n'
WEB = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
SIX = '{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28'
REFUSED = "-1 ECONNREFUSED (Connection refused)"
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"


def analysis(*calls: str) -> sa.Analysis:
    text = START + "".join(f"7 {call}\n" for call in calls)
    return sa.analyze(io.BytesIO(text.encode()))


def attempt(result: str, fd: int = 3, to: str = WEB) -> tuple[str, ...]:
    return (
        f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}",
        f"connect({fd}, {to}) = {result}",
        f"close({fd}) = 0",
    )


def verdict(made: sa.Analysis, *rules: str) -> str:
    return judge(Selected(made, Selection(rules=frozenset(rules))), Gate()).verdict


def test_a_trace_in_which_every_connection_fails_is_not_clean() -> None:
    made = analysis(*attempt(REFUSED), *attempt(REFUSED))
    assert verdict(made) == "no-connections"
    assert printed(made) == (
        "no connections: 2 outgoing TCP connections tried by 1 process, and all failed\n\n"
        "  PROGRAM  PROCESSES  TCP CONNECTIONS  HOW THE LOCAL PORT WAS CHOSEN\n"
        "  a (7)            1                2  by connect()\n\n"
        "Failures\n"
        "  CALL       ERROR         TIMES  TO            WHICH MEANS\n"
        "  connect()  ECONNREFUSED      2  192.0.2.7:80  nobody listens there\n\n"
        "8 lines, 8 calls, all understood.\n"
    )


UNDER_WAY = "-1 EINPROGRESS (Operation now in progress)"
BEGUN = (
    "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3",
    f"connect(3, {WEB}) = {UNDER_WAY}",
)
WAITED = "poll([{fd=3, events=POLLOUT}], 1, 3000) = 0 (Timeout)"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((), "no-connections"),
        ((WAITED, "close(3) = 0"), "no-connections"),
        ((f"connect(3, {WEB}) = -1 EALREADY (Operation already in progress)",), "no-connections"),
        (("read(3, 0x7ff1, 9) = -1 EAGAIN (Resource temporarily unavailable)",), "no-connections"),
        (("getpeername(3, 0x7ff1, [16]) = -1 ENOTCONN (Not connected)",), "no-connections"),
        (("getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",), "clean"),
        ((f"connect(3, {WEB}) = 0",), "clean"),
        ((f"connect(3, {WEB}) = -1 EISCONN (Already connected)",), "clean"),
        ((f"getpeername(3, {WEB.removesuffix('16')}[16]) = 0",), "clean"),
        (('write(3, "x", 1) = 1',), "clean"),
        (('sendto(3, "x", 1, 0, NULL, 0) = 1',), "clean"),
        (('recvfrom(3, "x", 9, 0, NULL, NULL) = 1',), "clean"),
        (('read(3, "", 9) = 0',), "clean"),
        (("sendfile(3, 5, NULL, 9) = 9",), "clean"),
        (("sendfile64(3, 5, NULL, 9) = 9",), "clean"),  # of a 32-bit program
        (('writev(3, [{iov_base="x", iov_len=1}], 1) = 1',), "clean"),
    ],
    ids=str,
)
def test_a_connection_that_nothing_answered_was_not_made(
    after: tuple[str, ...], expected: str
) -> None:
    assert verdict(analysis(*BEGUN, *after)) == expected


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (["0", "0"], "clean: 2 outgoing TCP connections by 1 process, none bound early"),
        (
            ["0", REFUSED],
            "clean: 1 outgoing TCP connection by 1 process, none bound early; 1 more failed",
        ),
        (
            ["0", UNDER_WAY, "0"],
            "clean: 2 outgoing TCP connections by 1 process, none bound early; "
            "1 more is not seen to have been made",
        ),
        (
            ["0", REFUSED, UNDER_WAY, UNDER_WAY],
            "clean: 1 outgoing TCP connection by 1 process, none bound early; "
            "1 more failed and 2 are not seen to have been made",
        ),
        (
            [UNDER_WAY],
            "no connections: 1 outgoing TCP connection tried by 1 process, "
            "and it is not seen to have been made",
        ),
        (
            [UNDER_WAY, UNDER_WAY],
            "no connections: 2 outgoing TCP connections tried by 1 process, "
            "and none is seen to have been made",
        ),
        (
            [REFUSED, UNDER_WAY],
            "no connections: 2 outgoing TCP connections tried by 1 process, "
            "1 failed and 1 is not seen to have been made",
        ),
        ([REFUSED], "no connections: 1 outgoing TCP connection tried by 1 process, and it failed"),
    ],
    ids=str,
)
def test_the_headline_counts_what_was_made(results: list[str], said: str) -> None:
    made = analysis(*(call for result in results for call in attempt(result)))
    assert " ".join(printed(made).partition("\n\n")[0].split()) == said


def test_a_connection_is_made_once_however_often_it_is_asked_for() -> None:
    again = f"connect(3, {WEB}) = -1 EISCONN (Already connected)"
    made = analysis(*attempt("0")[:2], again, again, "close(3) = 0")
    (process,) = made.processes
    assert (process.tcp_connections, process.connected, process.failed) == (1, 1, 0)


def test_every_format_counts_what_was_made() -> None:
    made = analysis(*attempt("0"), *attempt(REFUSED))
    for format in ("markdown", "github"):
        assert "2 outgoing TCP connections (1 not made)" in written(format, made)


def test_one_that_works_makes_it_clean() -> None:
    assert verdict(analysis(*attempt(REFUSED), *attempt("0"))) == "clean"


def test_it_is_not_clean_where_ports_ran_out_even_if_that_was_not_asked_for() -> None:
    made = analysis(*attempt("0"), *attempt(NOTAVAIL))
    assert verdict(made) == "findings"
    assert verdict(made, "bind-any-port-zero") == "findings"


@pytest.mark.parametrize(
    ("calls", "code"),
    [
        (attempt(REFUSED), "refused"),
        (attempt("-1 ETIMEDOUT (Connection timed out)"), "timed-out"),
        (attempt("-1 EHOSTUNREACH (No route to host)"), "unreachable"),
        (attempt("-1 EPERM (Operation not permitted)"), "forbidden"),
        (attempt(NOTAVAIL), "no-port"),
        (attempt(NOTAVAIL, to=SIX), "no-ipv6"),
        (
            (
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"connect(3, {WEB}) = -1 EINPROGRESS (Operation now in progress)",
                "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
            ),
            "refused",
        ),
        (
            (
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"bind(3, {WEB}) = -1 EADDRINUSE (Address already in use)",
            ),
            "in-use",
        ),
        (
            (
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"bind(3, {WEB}) = -1 EACCES (Permission denied)",
            ),
            "privileged-port",
        ),
        (
            (
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"bind(3, {WEB}) = {NOTAVAIL}",
            ),
            "not-local",
        ),
    ],
)
def test_every_failure_has_its_reason(calls: tuple[str, ...], code: str) -> None:
    selected = Selected(analysis(*calls))
    report = Report(selected, judge(selected, Gate()), Gate(), everything=False)
    (failure,) = json.loads("".join(json_format.pieces(report)))["failures"]
    assert failure["explanation"] == code
    assert (failure["count"], failure["process"]) == (1, "t1:7")
    assert failure["address"]["address"] in ("192.0.2.7", "2001:db8::1")


MADE = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"
DATAGRAM = "socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3"
TIMED_OUT = "-1 ETIMEDOUT (Connection timed out)"


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (
            (
                MADE,
                f"connect(3, {WEB}) = 0",
                f"recvfrom(3, 0x7ff1, 9, 0, NULL, NULL) = {TIMED_OUT}",
            ),
            ("recvfrom", "ETIMEDOUT", "timed-out", "192.0.2.7:80"),
        ),
        (
            (MADE, f"connect(3, {WEB}) = 0", f"read(3, 0x7ff1, 9) = {TIMED_OUT}"),
            ("read", "ETIMEDOUT", "timed-out", "192.0.2.7:80"),
        ),
        (
            ("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = -1 EMFILE (Too many open files)",),
            ("socket", "EMFILE", "no-descriptor", None),
        ),
        (
            (
                "socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = "
                "-1 EAFNOSUPPORT (Address family not supported by protocol)",
            ),
            ("socket", "EAFNOSUPPORT", "family-off", None),
        ),
        (
            (
                MADE,
                "listen(3, 5) = 0",
                "accept4(3, NULL, NULL, 0) = -1 ENFILE (Too many open files in system)",
            ),
            ("accept4", "ENFILE", "no-descriptor-anywhere", None),
        ),
        (
            (
                DATAGRAM,
                f'sendto(3, "x", 1, 0, {WEB}) = -1 EHOSTUNREACH (No route to host)',
            ),
            ("sendto", "EHOSTUNREACH", "unreachable", "192.0.2.7:80"),
        ),
        (
            (
                DATAGRAM,
                f"connect(3, {WEB}) = 0",
                'send(3, "x", 1, 0) = -1 EMSGSIZE (Message too long)',
            ),
            ("send", "EMSGSIZE", "too-long", "192.0.2.7:80"),
        ),
        (
            (MADE, 'sendto(3, "x", 1, 0, NULL, 0) = -1 EPIPE (Broken pipe)'),
            ("sendto", "EPIPE", "not-connected", None),
        ),
        (
            (f"connect(9, {WEB}) = -1 EBADF (Bad file descriptor)",),
            ("connect", "EBADF", "not-open", "192.0.2.7:80"),
        ),
        (
            (DATAGRAM, f'sendto(3, "x", 1, 0, {WEB}) = {NOTAVAIL}'),
            ("sendto", "EADDRNOTAVAIL", "no-address", "192.0.2.7:80"),
        ),
        (
            (
                "socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"connect(3, {SIX.replace('2001:db8::1', 'fe80::1')}) = -1 EINVAL (Invalid argument)",
            ),
            ("connect", "EINVAL", "no-scope", "[fe80::1]:53"),
        ),
        (
            (
                "socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3",
                f"bind(3, {SIX.replace('2001:db8::1', '::')}) = 0",
                f"connect(3, {SIX}) = {NOTAVAIL}",
            ),
            ("connect", "EADDRNOTAVAIL", "no-ipv6", "[2001:db8::1]:53"),
        ),
        (
            (MADE, f"connect(3, {WEB}) = -1 EAGAIN (Resource temporarily unavailable)"),
            ("connect", "EAGAIN", "no-memory", "192.0.2.7:80"),
        ),
        (
            (MADE, f"connect(3, {WEB.replace('(80)', '(0)')}) = {REFUSED}"),
            ("connect", "ECONNREFUSED", "port-zero", "192.0.2.7:0"),
        ),
        (
            (
                DATAGRAM,
                f'sendto(3, "x", 1, 0, {WEB.replace("(80)", "(0)")}) = -1 EINVAL (Invalid argument)',
            ),
            ("sendto", "EINVAL", "port-zero", "192.0.2.7:0"),
        ),
        (
            (MADE, f"connect(3, {WEB}) = -1 EADDRINUSE (Address already in use)"),
            ("connect", "EADDRINUSE", "no-port", "192.0.2.7:80"),
        ),
    ],
    ids=str,
)
def test_every_error_of_a_socket_call_is_told(
    calls: tuple[str, ...], told: tuple[str, str, str, str | None]
) -> None:
    (failure,) = analysis(*calls).failed_calls
    address = None if failure.address is None else str(failure.address)
    assert (failure.call, failure.errno, failure.explanation, address) == told
    assert MEANING[failure.explanation]


def test_a_send_after_a_refused_connect_is_told_beside_it() -> None:
    made = analysis(
        MADE,
        f"connect(3, {WEB}) = {REFUSED}",
        f'sendto(3, "x", 1, 0, {WEB}) = -1 EHOSTUNREACH (No route to host)',
    )
    assert [(one.call, one.explanation) for one in made.failed_calls] == [
        ("connect", "refused"),
        ("sendto", "unreachable"),
    ]


def test_what_is_to_be_made_again_has_not_failed() -> None:
    made = analysis(
        MADE,
        f"connect(3, {WEB}) = -1 EINPROGRESS (Operation now in progress)",
        "recvfrom(3, 0x7ff1, 9, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
        "read(3, 0x7ff1, 9) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        'sendto(3, "x", 1, 0, NULL, 0) = -1 EINTR (Interrupted system call)',
    )
    assert made.failed_calls == ()


def test_calls_on_files_are_no_socket_calls() -> None:
    made = analysis(
        "read(0, 0x7ff1, 9) = -1 EIO (Input/output error)",
        'openat(AT_FDCWD, "/run/a", O_RDONLY) = -1 EMFILE (Too many open files)',
        "dup(0) = -1 EMFILE (Too many open files)",
    )
    assert made.failed_calls == ()


def test_what_programs_are_told_in_passing_stands_in_json_only() -> None:
    made = analysis(
        *attempt("0")[:2],
        "shutdown(3, SHUT_RDWR) = -1 ENOTCONN (Transport endpoint is not connected)",
    )
    assert [one.explanation for one in made.failed_calls] == ["not-connected"]
    assert "Failures" not in printed(made)


def test_a_copy_that_the_kernel_refuses_and_the_program_makes_itself_stands_in_json_only() -> None:
    """busybox and coreutils try sendfile() first, which takes no socket to read from."""
    made = analysis(
        *attempt("0")[:2], "sendfile(1, 3, NULL, 16777216) = -1 EINVAL (Invalid argument)"
    )
    assert "Failures" not in printed(made)


def test_the_page_has_them_too_those_of_bind_as_well() -> None:
    """A bind() that failed is no part of a socket's life."""
    any_port = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16'
    made = analysis(
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        f"bind(3, {any_port}) = -1 EADDRINUSE (Address already in use)",
        "close(3) = 0",
        *attempt(REFUSED),
        *attempt(REFUSED),
    )
    page = written("html", made)
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*?)<', page)[0])
    assert data["tables"]["failures"]["rows"] == [
        [7, "a (pid 7)", "connect()", "ECONNREFUSED", "192.0.2.7:80", 2, "nobody listens there"],
        [4, "a (pid 7)", "bind()", "EADDRINUSE", "0.0.0.0:80", 1, "the port is taken"],
    ]


MAPPED = '{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:192.0.2.7", &sin6_addr), sin6_scope_id=0}, 28'
ONLY = "setsockopt(3, SOL_IPV6, IPV6_V6ONLY, [1], 4) = 0"
NO_NET = "-1 ENETUNREACH (Network is unreachable)"


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("SOCK_STREAM", f"connect(3, {MAPPED}) = {NO_NET}"),
        ("SOCK_DGRAM", f'sendto(3, "x", 1, 0, {MAPPED}) = {NO_NET}'),
        ("SOCK_DGRAM", f"connect(3, {MAPPED}) = {NO_NET}"),
    ],
)
@pytest.mark.parametrize("is_only", [True, False])
def test_ipv6_only_sockets_reach_no_ipv4_address(kind: str, call: str, is_only: bool) -> None:
    option = [ONLY] if is_only else []
    made = analysis(f"socket(AF_INET6, {kind}, 0) = 3", *option, call)
    (failure,) = made.failed_calls
    assert failure.explanation == ("ipv6-only" if is_only else "unreachable")


def test_an_ipv6_only_socket_may_have_no_route_to_an_ipv6_address() -> None:
    made = analysis("socket(AF_INET6, SOCK_STREAM, 0) = 3", ONLY, f"connect(3, {SIX}) = {NO_NET}")
    assert [one.explanation for one in made.failed_calls] == ["unreachable"]


@pytest.mark.parametrize(
    ("call", "code", "is_shown"),
    [
        ('SOL_SOCKET, SO_BINDTODEVICE, "no\\0", 3) = -1 ENODEV', "no-such-device", True),
        ('SOL_SOCKET, SO_BINDTODEVICE, "lo\\0", 3) = -1 EPERM', "device-not-permitted", True),
        ('SOL_SOCKET, SO_BINDTODEVICE, "10.1.2.3\\0", 9) = -1 ENODEV', "address-as-device", False),
        ("SOL_IP, IP_UNICAST_IF, [999], 4) = -1 EADDRNOTAVAIL", "no-such-device", True),
        ("SOL_IP, IP_TRANSPARENT, [1], 4) = -1 EPERM", "transparent-not-permitted", True),
        ("SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = -1 ENOPROTOOPT", "no-port-option", True),
        ("SOL_IP, 0x33 /* IP_??? */, [5], 4) = -1 EINVAL", "bad-port-range", True),
        ("SOL_IP, IP_LOCAL_PORT_RANGE, [5], 4) = -1 ENOPROTOOPT", "no-port-range", True),
        ("SOL_SOCKET, SO_REUSEPORT, [1], 4) = -1 ENOPROTOOPT", "no-reuse-port", True),
        ("SOL_IPV6, IPV6_V6ONLY, [1], 4) = -1 EINVAL", "bound-already", True),
        ("SOL_IP, IP_ADD_MEMBERSHIP, {}, 8) = -1 EADDRINUSE", "in-group", False),
        ("SOL_IP, IP_DROP_MEMBERSHIP, {}, 8) = -1 EADDRNOTAVAIL", "not-in-group", False),
        ("SOL_IP, IP_MULTICAST_IF, [9], 4) = -1 EADDRNOTAVAIL", "no-group-device", False),
        ("SOL_TCP, TCP_NODELAY, [1], 4) = -1 ENOPROTOOPT", "no-such-option", False),
        ("SOL_SOCKET, SO_MARK, [1], 4) = -1 EPERM", "not-permitted", False),
    ],
)
def test_an_option_that_is_refused_is_told_if_an_address_or_port_depends_on_it(
    call: str, code: str, is_shown: bool
) -> None:
    made = analysis(MADE, f"setsockopt(3, {call} (Error)", f"connect(3, {WEB}) = 0")
    assert [one.explanation for one in made.failed_calls] == [code]
    report = " ".join(printed(made).split())
    assert report.startswith("clean:")  # the connection was made
    assert (MEANING[code] in report) == is_shown


LOCAL_LINK = '{sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::1", &sin6_addr), sin6_scope_id=0}, 28'
HERE = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16'
MADE_SIX = "socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3"
WRONG = "-1 EINVAL (Invalid argument)"
IN_SCOPE = LOCAL_LINK.replace("scope_id=0", 'scope_id=if_nametoindex("eth0")')


@pytest.mark.parametrize(
    ("calls", "code"),
    [
        ((MADE, f"bind(3, {HERE}) = {WRONG}"), "bad-argument"),
        ((MADE, f"bind(3, {HERE}) = 0", f"bind(3, {HERE}) = {WRONG}"), "bound-already"),
        ((MADE, f"connect(3, {WEB}) = 0", f"bind(3, {HERE}) = {WRONG}"), "bound-already"),
        ((f"bind(3, {HERE}) = {WRONG}",), "bound-already"),  # made before the trace
        ((MADE_SIX, f"bind(3, {LOCAL_LINK}) = {WRONG}"), "no-scope"),
        ((MADE_SIX, f"bind(3, {IN_SCOPE}) = {WRONG}"), "bad-argument"),
        ((MADE_SIX, ONLY, f"bind(3, {MAPPED}) = {WRONG}"), "ipv6-only"),
        ((MADE_SIX, f"bind(3, {MAPPED}) = {WRONG}"), "bad-argument"),
        ((MADE_SIX, f"bind(3, {HERE}) = {WRONG}"), "no-such-family"),
        ((MADE_SIX, f"connect(3, {WEB}) = {WRONG}"), "no-such-family"),
        ((MADE, f"bind(3, {HERE}) = 0", f"connect(3, {WEB}) = {WRONG}"), "from-loopback"),
        ((MADE, f"connect(3, {WEB}) = {WRONG}"), "blackhole"),
        ((MADE, "listen(3, 5) = 0", f"connect(3, {WEB}) = -1 EISCONN (Error)"), "listens"),
        ((DATAGRAM, f'sendto(3, "x", 1, 0, {WEB}) = -1 EACCES (Error)'), "no-broadcast"),
        ((MADE, f"connect(3, {WEB}) = -1 EACCES (Error)"), "forbidden"),
        ((MADE, f"connect(3, {WEB}) = {NO_NET}"), "unreachable"),
        ((MADE, f"connect(3, {WEB.replace('192.0.2.7', '239.0.2.7')}) = {NO_NET}"), "for-many"),
        (
            (DATAGRAM, f"connect(3, {WEB.replace('192.0.2.7', '239.0.2.7')}) = {NO_NET}"),
            "unreachable",
        ),
    ],
    ids=str,
)
def test_an_address_that_is_refused_has_the_reason_that_the_trace_proves(
    calls: tuple[str, ...], code: str
) -> None:
    (failure,) = analysis(*calls).failed_calls
    assert failure.explanation == code
    assert MEANING[code]


def test_a_connection_that_exists_is_no_failure() -> None:
    made = analysis(MADE, f"connect(3, {WEB}) = 0", f"connect(3, {WEB}) = -1 EISCONN (Error)")
    assert made.failed_calls == ()


UNIX = '{sa_family=AF_UNIX, sun_path="/run/app.sock"}, 110'
ABSTRACT = '{sa_family=AF_UNIX, sun_path=@"app"}, 6'
LOCAL = "socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3"
TOO_MANY = "-1 EMFILE (Too many open files)"


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (
            (LOCAL, f"connect(3, {UNIX}) = -1 ENOENT (No such file or directory)"),
            ("connect", "ENOENT", "no-file", "/run/app.sock"),
        ),
        (
            (LOCAL, f"connect(3, {UNIX}) = {REFUSED}"),
            ("connect", "ECONNREFUSED", "refused", "/run/app.sock"),
        ),
        (
            (LOCAL, f"connect(3, {UNIX}) = -1 EAGAIN (Resource temporarily unavailable)"),
            ("connect", "EAGAIN", "backlog-full", "/run/app.sock"),
        ),
        (
            (LOCAL, f"bind(3, {UNIX}) = -1 EADDRINUSE (Address already in use)"),
            ("bind", "EADDRINUSE", "file-exists", "/run/app.sock"),
        ),
        (
            (LOCAL, f"bind(3, {ABSTRACT}) = -1 EADDRINUSE (Address already in use)"),
            ("bind", "EADDRINUSE", "name-taken", "@app"),
        ),
        (
            (f"accept4(9, NULL, NULL, 0) = {TOO_MANY}",),
            ("accept4", "EMFILE", "no-descriptor", None),
        ),
        (
            (f'accept(9<UNIX-STREAM:[7,"/run/app.sock"]>, NULL, NULL) = {TOO_MANY}',),
            ("accept", "EMFILE", "no-descriptor", None),
        ),
        (
            ("socket(AF_UNIX, SOCK_STREAM, 0) = -1 ENFILE (Too many open files in system)",),
            ("socket", "ENFILE", "no-descriptor-anywhere", None),
        ),
    ],
    ids=str,
)
def test_what_fails_without_a_port_is_told_too(
    calls: tuple[str, ...], told: tuple[str, str, str, str | None]
) -> None:
    """A UNIX socket has none; of what accept() gives nobody may know what it would have been."""
    made = analysis(*attempt("0", fd=5), *calls)
    (failure,) = made.failed_calls
    assert (failure.call, failure.errno, failure.explanation, failure.path) == told
    assert (failure.protocol, failure.address, list(made.findings)) == (None, None, [])
    assert verdict(made) == "clean"
    assert MEANING[failure.explanation] in printed(made)
    assert MEANING[failure.explanation] in written("html", made)


def test_services_that_libraries_ask_in_passing_are_no_failures_to_read() -> None:
    """glibc asks nscd for every name, and hardly a machine runs it."""
    nscd = UNIX.replace("/run/app.sock", "/var/run/nscd/socket")
    made = analysis(LOCAL, f"connect(3, {nscd}) = -1 ENOENT (No such file or directory)")
    assert [one.path for one in made.failed_calls] == ["/var/run/nscd/socket"]
    assert "Failures" not in printed(made)


def test_the_path_of_a_unix_socket_is_redacted() -> None:
    made = analysis(LOCAL, f"connect(3, {UNIX}) = {REFUSED}")
    (failure,) = Redaction(("paths",)).analysis(made).failed_calls
    assert failure.path is not None
    assert "app.sock" not in failure.path


def timed(*calls: str) -> sa.Analysis:
    """The calls, each with the second at which it began as its first word."""
    lines = (
        f"7 10:00:{call.replace(' ', '.000000 ', 1)}\n" for call in ("00 getpid() = 7", *calls)
    )
    return sa.analyze(io.BytesIO("".join(lines).encode()))


BEGUN_AT = ("01 " + MADE, f"02 connect(3, {WEB}) = {UNDER_WAY}")


def test_a_connection_given_up_without_an_answer_is_told_with_its_time() -> None:
    made = timed(*BEGUN_AT, "07 close(3) = 0")
    (failure,) = made.failed_calls
    assert (failure.call, failure.errno, failure.explanation) == (
        "connect",
        "EINPROGRESS",
        "unanswered",
    )
    assert (str(failure.address), failure.waited) == ("192.0.2.7:80", 5.0)
    report = " ".join(printed(made).split())
    assert "192.0.2.7:80 closed after 5.00 s, its outcome not asked for" in report


def test_of_several_the_longest_is_told() -> None:
    again = (f"08 {MADE}", f"09 connect(3, {WEB}) = {UNDER_WAY}", "12 close(3) = 0")
    (failure,) = timed(*BEGUN_AT, "07 close(3) = 0", *again).failed_calls
    assert (failure.times, failure.waited) == (2, 5.0)


def test_those_of_several_processes_are_one_row_with_the_longest() -> None:
    lines = [
        f"{pid} 10:00:{call.replace(' ', '.000000 ', 1)}\n"
        for pid, end in ((7, "07"), (8, "06"))
        for call in ("00 getpid() = 7", *BEGUN_AT, f"{end} close(3) = 0")
    ]
    made = sa.analyze(io.BytesIO("".join(sorted(lines, key=lambda line: line[2:])).encode()))
    assert sorted(one.waited or 0 for one in made.failed_calls) == [4.0, 5.0]
    report = " ".join(printed(made).split())
    assert "EINPROGRESS 2 192.0.2.7:80 closed after 5.00 s, its outcome not asked for" in report
    assert report.count("its outcome not asked for") == 1


@pytest.mark.parametrize(
    "calls",
    [
        (*BEGUN_AT, "02 close(3) = 0"),
        (*BEGUN_AT, "03 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0", "07 close(3) = 0"),
        (*BEGUN_AT, '03 write(3, "x", 1) = 1', "07 close(3) = 0"),
        (*BEGUN_AT, "07 exit_group(0) = ?", "07 +++ exited with 0 +++"),
        (f"01 {MADE}", f"02 connect(3, {WEB}) = -1 EINTR (Interrupted)", "07 close(3) = 0"),
    ],
    ids=["at once", "asked", "used", "the end", "interrupted"],
)
def test_nothing_is_said_to_be_unanswered_that_may_not_be(calls: tuple[str, ...]) -> None:
    assert "unanswered" not in [one.explanation for one in timed(*calls).failed_calls]


def test_nothing_is_said_to_be_unanswered_if_the_answer_may_be_hidden() -> None:
    """-e trace=socket,connect,close: nobody sees getsockopt(SO_ERROR)."""
    lines = [f"7 10:00:{call.replace(' ', '.000000 ', 1)}\n" for call in BEGUN_AT]
    lines += ["7 10:00:07.000000 close(3) = 0\n"]
    assert sa.analyze(io.BytesIO("".join(lines).encode())).failed_calls == ()
