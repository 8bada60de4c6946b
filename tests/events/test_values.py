"""Arguments as data: what each form that strace prints is in JSON."""

from __future__ import annotations

import json

import pytest
from events.reading import of_lines, one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16", 16),
        ("-1", -1),
        ("0644", 420),
        ("9007199254740991", 9007199254740991),
        ("18446744073709551615", "18446744073709551615"),
        ("0x7ffc3a8bbdc0", "0x7ffc3a8bbdc0"),
        ("NULL", None),
        ("AF_INET", "AF_INET"),
        ("O_RDONLY|O_CLOEXEC", ["O_RDONLY", "O_CLOEXEC"]),
        ("O_RDWR|0x80000", ["O_RDWR", "0x80000"]),
        ("S_IFREG|0644", ["S_IFREG", "0644"]),
        ('"GET /"', "GET /"),
        ('"GET /"...', {"string": "GET /", "truncated": True}),
        (r'"\377\1"', {"hex": "ff01"}),
        (r'"\377"...', {"hex": "ff", "truncated": True}),
        ('"caf\\303\\251"', "café"),
        ('{sa_family=AF_UNIX, sun_path=@"x"}', {"sa_family": "AF_UNIX", "sun_path": "@x"}),
        (
            '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}',
            {"sa_family": "AF_INET", "sin_port": 80, "sin_addr": "192.0.2.1"},
        ),
        (
            '{sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}',
            {"sa_family": "AF_INET6", "sin6_addr": "::1", "sin6_scope_id": 0},
        ),
        ("[128 => 16]", {"in": 128, "out": 16}),
        ("[16]", [16]),
        ("[HUP INT]", ["HUP", "INT"]),
        ("~[USR1]", {"not": ["USR1"]}),
        ("{1, 0}", [1, 0]),
        ("{st_size=122, ...}", {"st_size": 122, "elided": "..."}),
        ("8192*1024", 8388608),
        ("makedev(0x1, 0x3)", {"makedev": ["0x1", "0x3"]}),
        ("{flags=0x10, size=16}", {"flags": "0x10", "size": 16}),
        ("0x3001 /* ARCH_??? */", "0x3001"),
        ("3</etc/passwd>", 3),
        ("/* 20 entries */", {"elided": "20 entries"}),
    ],
)  # fmt: skip
def test_a_printed_argument_is_this_in_json(text: str, value: object) -> None:
    row = one(f"call(1, {text}) = 0")
    assert row.args[1].text == text
    assert row.args[1].value == value
    assert json.loads(row.args[1].json) == {"name": None, "text": text, "value": value}


def test_names_of_arguments_are_kept() -> None:
    row = one("clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD) = 7")
    assert [(arg.name, arg.text) for arg in row.args] == [
        ("child_stack", "NULL"),
        ("flags", "CLONE_VM|SIGCHLD"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read(3, NULL, 0) = 0", (3, None)),
        ("read(3</etc/passwd>, NULL, 0) = 0", (3, "/etc/passwd")),
        ("openat(AT_FDCWD</root>, \"x\", O_RDONLY) = 4", (None, "/root")),
        ("mmap(NULL, 8, PROT_READ, MAP_PRIVATE, 5, 0) = 0x7f00", (5, None)),
        ("futex(0x7f, FUTEX_WAKE, 1) = 0", (None, None)),
        ("kill(7, SIGTERM) = 0", (None, None)),
        ("bpf(BPF_PROG_LOAD, {}, 8) = 3", (None, None)),
    ],
)  # fmt: skip
def test_the_descriptor_is_the_call_s_own(
    line: str, expected: tuple[int | None, str | None]
) -> None:
    row = one(line)
    assert (row.fd, row.fd_target) == expected


@pytest.mark.parametrize(
    ("line", "ret", "ret_text", "errno", "duration"),
    [
        ("close(3) = 0 <0.000041>", 0, "0", None, 0.000041),
        ("close(3) = -1 EBADF (Bad file descriptor)", -1, "-1 EBADF (Bad file descriptor)", "EBADF", None),
        ("fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)", 1, "0x1 (flags FD_CLOEXEC)", None, None),
        ("accept(3, NULL, NULL) = ? ERESTARTSYS (To be restarted)", None, "? ERESTARTSYS (To be restarted)", "ERESTARTSYS", None),
        ("exit_group(0) = ?", None, "?", None, None),
        ("open(\"x\", O_RDONLY) = 3</x> <0.1>", 3, "3</x>", None, 0.1),
    ],
)  # fmt: skip
def test_what_came_back(
    line: str, ret: int | None, ret_text: str, errno: str | None, duration: float | None
) -> None:
    row = one(line)
    assert (row.ret, row.ret_text, row.errno, row.duration) == (ret, ret_text, errno, duration)


HALVES = """
10 1700000000.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
10 1700000000.100000 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16 <unfinished ...>
11 1700000000.200000 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=10, si_uid=0} ---
10 1700000000.300000 <... connect resumed>) = -1 EINPROGRESS (Operation now in progress)
10 1700000000.400000 close(3 <unfinished ...>
11 1700000000.500000 read(4, <unfinished ...>
10 1700000000.600000 <... close resumed>) = 0
hello from the program
11 1700000000.700000 +++ killed by SIGKILL +++
10 1700000000.800000 +++ exited with 3 +++
"""


def test_halves_are_one_row_and_every_line_is_in_some_row() -> None:
    found = of_lines(HALVES)
    assert [(row.type, row.name, row.line, row.end_line) for row in found] == [
        ("syscall", "socket", 1, 1),
        ("signal", "SIGUSR1", 3, 3),
        ("syscall", "connect", 2, 4),
        ("syscall", "close", 5, 7),
        ("foreign", None, 8, 8),
        ("syscall", "read", 6, 6),
        ("killed", "SIGKILL", 9, 9),
        ("exit", None, 10, 10),
    ]
    by_name = {row.name: row for row in found}
    connect, close = by_name["connect"], by_name["close"]
    assert (connect.socket, connect.peer_address, connect.peer_port) == ("t1:0", "192.0.2.1", 80)
    assert (close.socket, close.peer_address) == ("t1:0", "192.0.2.1")
    assert by_name["read"].ret_text is None
    assert by_name["SIGUSR1"].args[0].value == {
        "si_signo": "SIGUSR1", "si_code": "SI_USER", "si_pid": 10, "si_uid": 0,
    }  # fmt: skip
    assert found[-1].ret == 3
    assert found[4].raw == "hello from the program"
    assert (connect.seconds, str(connect.time)) == (0.1, "2023-11-14 22:13:20.100000+00:00")
