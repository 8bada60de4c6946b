"""A socket of which a note (-yy) alone tells that it has a port holds it until its number is given
to another file."""

from __future__ import annotations

import io

import pytest

import strace_analyzer as sa

SHOWN = (
    "7 accept4(4<TCP:[0.0.0.0:8080]>, {sa_family=AF_INET, sin_port=htons(40000), "
    'sin_addr=inet_addr("192.0.2.7")}, [16], SOCK_CLOEXEC) = 5<TCP:[192.0.2.9:8080->192.0.2.7:40000]>\n'
    '7 read(5<TCP:[192.0.2.9:8080->192.0.2.7:40000]>, "", 9) = 0\n'
    "7 close(5<TCP:[192.0.2.9:8080->192.0.2.7:40000]>) = 0\n"
)
"""the peer of the connection closes first: it keeps no port here"""
TAKEN = (
    "8 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<TCP:[11]>\n"
    "8 bind(3<TCP:[11]>, {sa_family=AF_INET, sin_port=htons(8080), "
    'sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)\n'
)
OTHERS = "".join(
    f'7 openat(AT_FDCWD, "/etc/{number}", O_RDONLY) = 9</etc/{number}>\n7 mmap(NULL, 8192, PROT_READ, '
    f"MAP_PRIVATE, 9</etc/{number}>, 0) = 0x7f0000000000\n7 close(9</etc/{number}>) = 0\n"
    for number in range(2500)
)
"""more than is looked at line by line"""
GIVEN = [
    'openat(AT_FDCWD, "/etc/x", O_RDONLY) = 4</etc/x>',
    'open("/etc/x", O_RDONLY) = 4</etc/x>',
    "epoll_create1(0) = 4<anon_inode:[eventpoll]>",
    "eventfd2(0, 0) = 4<anon_inode:[eventfd:1]>",
    "dup(1</dev/pts/0>) = 4</dev/pts/0>",
    "dup2(1</dev/pts/0>, 4) = 4</dev/pts/0>",
    "dup3(1</dev/pts/0>, 4, O_CLOEXEC) = 4</dev/pts/0>",
    "fcntl(1</dev/pts/0>, F_DUPFD, 4) = 4</dev/pts/0>",
    "pipe2([4<pipe:[1]>, 5<pipe:[1]>], 0) = 0",
    "socket(AF_UNIX, SOCK_STREAM, 0) = 4<UNIX-STREAM:[77]>",
    "close(4<TCP:[0.0.0.0:8080]>) = 0",
]


def holder(lines: str) -> tuple[str | None, object]:
    found = sa.analyze(io.BytesIO(lines.encode())).findings
    (taken,) = (finding for finding in found if finding.rule == "port-taken")
    return taken.cause, taken.detail("holder_fd")


@pytest.mark.parametrize("before", ["", OTHERS], ids=["short", "sieved"])
@pytest.mark.parametrize("call", GIVEN)
def test_a_number_that_was_given_to_another_file_holds_no_port(call: str, before: str) -> None:
    assert holder(f"{SHOWN}{before}{before}7 {call}\n{TAKEN}")[0] == "unknown"


@pytest.mark.parametrize("before", ["", OTHERS], ids=["short", "sieved"])
def test_until_then_it_is_the_holder(before: str) -> None:
    assert holder(f"{SHOWN}{before}{before}{TAKEN}") == ("listener", 4)
