"""Socket addresses and constants, in every way that strace prints them."""

from __future__ import annotations

import pytest

from strace_analyzer.trace.constants import (
    ADDRESS_FAMILIES,
    CLONE_FLAGS,
    FCNTL_COMMANDS,
    IP_OPTIONS,
    MSG_FLAGS,
    OPEN_FLAGS,
    OPTIONS_OF_LEVEL,
    PROTOCOLS,
    SOCKET_LEVELS,
    SOCKET_OPTIONS,
    SOCKET_TYPES,
    Table,
    includes,
    number,
)
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address
from strace_analyzer.trace.values import Value

PARSER = CallParser()


def value(text: str) -> Value:
    call = PARSER.whole(f"call({text}) = 0".encode())
    assert call is not None
    (argument,) = call.args
    return argument


INET_ANY = SocketAddress("AF_INET", "0.0.0.0", 0)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param(
            '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}',
            INET_ANY,
            id="AF_INET",
        ),
        pytest.param(
            '{sin_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}',
            INET_ANY,
            id="AF_INET, oldest names",
        ),
        pytest.param(
            "{sa_family=AF_INET, sin_port=htons(0), sin_addr=htonl(INADDR_ANY)}",
            INET_ANY,
            id="INADDR_ANY by name",
        ),
        pytest.param(
            "{sa_family=AF_INET, sin_port=htons(0), "
            'sin_addr=inet_addr("\\x30\\x2e\\x30\\x2e\\x30\\x2e\\x30")}',
            INET_ANY,
            id="-xx",
        ),
        pytest.param(
            '{sa_family=0x2, sin_port="\\x1f\\x40", sin_addr="\\x7f\\x00\\x00\\x01"}',
            SocketAddress("AF_INET", "127.0.0.1", 8000),
            id="-X raw",
        ),
        pytest.param(
            '{sa_family=0x2 /* AF_INET */, sin_port="\\x1f\\x40" /* htons(8000) */, '
            'sin_addr="\\x7f\\x00\\x00\\x01" /* inet_addr("127.0.0.1") */}',
            SocketAddress("AF_INET", "127.0.0.1", 8000),
            id="-X verbose",
        ),
        pytest.param(
            'addr={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.7")}',
            SocketAddress("AF_INET", "10.0.0.7", 80),
            id="-N",
        ),
        pytest.param(
            "{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "2001:DB8:0::1", &sin6_addr), sin6_scope_id=0}',
            SocketAddress("AF_INET6", "2001:db8::1", 443),
            id="AF_INET6, canonical",
        ),
        pytest.param(
            "{sa_family=AF_INET6, sin6_port=htons(0), "
            'inet_pton(AF_INET6, "::ffff:0.0.0.0", &sin6_addr), '
            "sin6_flowinfo=0, sin6_scope_id=0}",
            SocketAddress("AF_INET6", "::ffff:0.0.0.0", 0),
            id="AF_INET6, mapped, order of strace 4",
        ),
        pytest.param(
            "{sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "fe80::1", &sin6_addr), sin6_scope_id=if_nametoindex("tun0")}',
            SocketAddress("AF_INET6", "fe80::1", 0, "tun0"),
            id="AF_INET6, scope by name",
        ),
        pytest.param(
            '{sa_family=0xa, sin6_port="\\x00\\x09", sin6_flowinfo="\\x00\\x00\\x00\\x00", '
            'sin6_addr="\\xfe\\x80\\x00\\x00\\x00\\x00\\x00\\x00'
            '\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01", '
            "sin6_scope_id=1}",
            SocketAddress("AF_INET6", "fe80::1", 9, "1"),
            id="AF_INET6, -X raw",
        ),
        pytest.param(
            '{sa_family=AF_UNSPEC, sa_data="\\37@\\177\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0"}',
            SocketAddress("AF_UNSPEC", "127.0.0.1", 8000),
            id="AF_UNSPEC, read as the kernel would",
        ),
        pytest.param(
            "{sa_family=AF_UNSPEC}", SocketAddress("AF_UNSPEC"), id="AF_UNSPEC without data"
        ),
        pytest.param(
            '{sa_family=AF_INET, sa_data="\\37@\\177"}',
            SocketAddress("AF_INET", None, 8000),
            id="AF_INET, too short for the address",
        ),
        pytest.param(
            '{sa_family=AF_INET6, sa_data="\\0P\\0\\0\\0\\0'
            '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\1"}',
            SocketAddress("AF_INET6", "::1", 80),
            id="AF_INET6 without its scope",
        ),
        pytest.param("{sa_family=AF_INET, ...}", SocketAddress("AF_INET"), id="AF_INET, elided"),
        pytest.param(
            '{sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("1.2.3")}',
            SocketAddress("AF_INET", None, 1),
            id="no address",
        ),
        pytest.param(
            '{sa_family=AF_UNIX, sun_path="/run/x"}',
            SocketAddress("AF_UNIX", "/run/x"),
            id="AF_UNIX",
        ),
        pytest.param(
            '{sa_family=AF_FILE, path=@"x"}', SocketAddress("AF_UNIX", "@x"), id="AF_FILE, abstract"
        ),
        pytest.param("{sa_family=AF_LOCAL}", SocketAddress("AF_UNIX"), id="AF_LOCAL, unnamed"),
        pytest.param(
            "{sa_family=AF_NETLINK, nl_pid=-7, nl_groups=00000000}",
            SocketAddress("AF_NETLINK"),
            id="AF_NETLINK",
        ),
        pytest.param("{sa_family=0x63 /* AF_??? */}", SocketAddress("99"), id="unknown number"),
        pytest.param("{sa_family=AF_INTE, sin_port=htons(80)}", None, id="a damaged name"),
        pytest.param("0x7ffd5ec843b0", None, id="a pointer"),
        pytest.param("NULL", None, id="NULL"),
        pytest.param("{...}", None, id="all elided"),
    ],
)
def test_socket_address(text: str, address: SocketAddress | None) -> None:
    assert socket_address(value(text)) == address


def test_no_argument_is_no_address() -> None:
    assert socket_address(None) is None


@pytest.mark.parametrize(
    ("address", "is_wildcard"),
    [
        ("0.0.0.0", True),
        ("::", True),
        ("::ffff:0.0.0.0", True),
        ("127.0.0.1", False),
        (None, False),
    ],
)
def test_wildcard(address: str | None, is_wildcard: bool) -> None:
    assert SocketAddress("AF_INET", address, 0).is_wildcard is is_wildcard


@pytest.mark.parametrize(
    ("text", "table", "expected"),
    [
        ("AF_INET", ADDRESS_FAMILIES, 2),
        ("PF_FILE", ADDRESS_FAMILIES, 1),
        ("0xa /* AF_INET6 */", ADDRESS_FAMILIES, 10),
        ("SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK", SOCKET_TYPES, 0o2004001),
        ("0x1|0x80000", SOCKET_TYPES, 0o2000001),
        ("0x1 /* SOCK_STREAM */|0x80000 /* SOCK_CLOEXEC */", SOCKET_TYPES, 0o2000001),
        ("SOCK_STREAM|0x10", SOCKET_TYPES, 17),
        ("SOCK_STREAM|SOCK_NEW", SOCKET_TYPES, None),
        ("IPPROTO_MPTCP", PROTOCOLS, 262),
        ("IPPROTO_IP", PROTOCOLS, 0),
        ("0", SOCKET_LEVELS, 0),
        ("IPPROTO_IP", SOCKET_LEVELS, 0),
        ("SOL_IP", SOCKET_LEVELS, 0),
        ("SOL_IPV6", SOCKET_LEVELS, 41),
        ("IP_BIND_ADDRESS_NO_PORT", IP_OPTIONS, 24),
        ("0x18 /* IP_??? */", IP_OPTIONS, 24),
        ("24", IP_OPTIONS, 24),
        ("SO_REUSEADDR", SOCKET_OPTIONS, 2),
        ("F_DUPFD_CLOEXEC", FCNTL_COMMANDS, 1030),
        ("O_RDWR|O_CLOEXEC", OPEN_FLAGS, 0o2000002),
        ("fd=5<TCP:[7]>", ADDRESS_FAMILIES, 5),
        ("4 => 5", ADDRESS_FAMILIES, 5),
        ("8192*1024", ADDRESS_FAMILIES, 8388608),
        ("1<<5", ADDRESS_FAMILIES, 32),
        ("7-5+1", ADDRESS_FAMILIES, 3),
        ("1<<64", ADDRESS_FAMILIES, None),
        ("A*2", ADDRESS_FAMILIES, None),
        ("1 == 1", ADDRESS_FAMILIES, None),
        ('"x"', ADDRESS_FAMILIES, None),
    ],
)
def test_number(text: str, table: Table, expected: int | None) -> None:
    assert number(value(text), table) == expected


def test_null_is_a_number() -> None:
    assert number(value("NULL")) == 0
    assert number(None) is None


def test_options_of_a_level() -> None:
    assert OPTIONS_OF_LEVEL[6]["TCP_NODELAY"] == 1
    assert OPTIONS_OF_LEVEL[41]["IPV6_V6ONLY"] == 26


@pytest.mark.parametrize(
    ("text", "flag", "expected"),
    [
        ("CLONE_VM|CLONE_FILES|SIGCHLD", "CLONE_FILES", True),
        ("CLONE_VM|SIGCHLD", "CLONE_FILES", False),
        ("CLONE_VM|CLONE_NEWFOO", "CLONE_FILES", False),
        ("CLONE_FILES", "CLONE_FILES", True),
        ("0x3d0f00", "CLONE_FILES", True),
        ("0x100 /* CLONE_VM */", "CLONE_FILES", False),
        ("flags=CLONE_FILES", "CLONE_FILES", True),
        ("1<<10", "CLONE_FILES", True),
        ("A<<10", "CLONE_FILES", None),
        ("CLONE_VM|???", "CLONE_FILES", None),
        ("0x7f => CLONE_FILES", "CLONE_FILES", True),
        ('"x"', "CLONE_FILES", None),
    ],
)
def test_includes(text: str, flag: str, expected: bool | None) -> None:
    assert includes(value(text), flag, CLONE_FLAGS) is expected


def test_includes_of_messages() -> None:
    assert includes(value("MSG_NOSIGNAL|MSG_FASTOPEN"), "MSG_FASTOPEN", MSG_FLAGS) is True
