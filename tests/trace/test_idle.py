"""Which hits are marked as those that cannot matter if their task holds nothing."""

from __future__ import annotations

import pytest

from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.trace.prefilter.hits import IDLE
from strace_analyzer.trace.prefilter.scan import scanner

IDLES = [
    "7  close(3) = 0",
    "7  close(3",
    '7  openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3 <0.000010>',
    '7  openat(AT_FDCWD, "/a = 5", O_RDONLY) = -1 ENOENT (No such file or directory)',
    '7  openat(AT_FDCWD, "/etc/hosts", O_RDONLY <unfinished ...>',
    "7  <... openat resumed>) = 3",
    "7  fcntl(3, F_SETFD, FD_CLOEXEC) = 0",
    "7  fcntl(3, F_DUPFD, 10 <unfinished ...>\n8  close(4) = 0\n7  <... fcntl resumed>) = 10",
    "7  dup2(3, 1) = 1",
    '7  read(3, "x", 1) = 1',
    '7  write(3, "x", 1 <unfinished ...>',
]
OTHERS = [
    "7  socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
    '7  openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 03',
    '7  openat(AT_FDCWD, "/etc/hosts", O_RDO',
    "7  <... openat resumed>) = 3x",
    "7  <... openat resumed> <unfinished ...>",
    "7  fcntl(3, F_SETFD, 0x",
    "7  fcntl(3, F_DUPFD, 10 <unfinished ...>\n7  <... dup resumed>) = 10",
    "7  fcntl(3, F_DUPFD, 10 <unfinished ...>",
    "7  dup2(3, 1) = ?",
    "7  read(3<TCP:[127.0.0.1:80]>, 1) = 1",
    "7  sendto(3, 1, 1, 0, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 1",
]


def first_is_idle(text: str) -> bool:
    """Whether the first hit is marked."""
    scan = scanner(
        {name: row.when for name, row in CALLS.items()}, has_pids=True, is_unfiltered=True
    )
    block = f"7  brk(NULL) = 0\n{text}\n".encode()
    return bool(scan(block).hits[0] & IDLE)


@pytest.mark.parametrize("text", IDLES)
def test_marked(text: str) -> None:
    assert first_is_idle(text)


@pytest.mark.parametrize("text", OTHERS)
def test_not_marked(text: str) -> None:
    assert not first_is_idle(text)
