"""-ff families with times but without -T: what must have come back before something else is deduced."""

from __future__ import annotations

from pathlib import Path

import pytest
from analysis.families import found, made

import strace_analyzer as sa


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize(("threads", "slow"), [(2, 20), (5, 300)])
def test_every_bind_goes_with_its_own_connect(
    threads: int, slow: int, seed: int, tmp_path: Path
) -> None:
    family = made(seed, threads=threads, slow=slow)
    assert family.truth
    analysis = sa.analyze(family.write(tmp_path / "f"))
    assert found(analysis) == family.truth
    assert found(analysis, certain=True) == family.truth


TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
T = 1795949317
CLONE = (
    f"{T}.0 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD|CLONE_SIGHAND) = 101\n"
)
SOCKET = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)"


def early_binds(folder: Path, *files: str) -> list[tuple[int, int]]:
    """Lines of bind and connect; the first file is that of thread 100, which made the others."""
    for tid, text in enumerate(files, 100):
        (folder / f"t.{tid}").write_text(CLONE + text if tid == 100 else text)
    return [
        (f.calls["bind"].line, f.calls["connect"].line)
        for f in sa.analyze(folder).findings
        if f.rule == "bind-any-port-zero"
    ]


@pytest.mark.parametrize("between", ["", f"{T}.35 fork() = 102\n", f"{T}.35 getpid() = 100\n"])
def test_a_thread_that_uses_a_number_shows_that_it_was_given(between: str, tmp_path: Path) -> None:
    """One thread makes a socket and does nothing more for long; the other binds and connects it."""
    user = f"{T}.3 bind(3, {ANY}, 16) = 0\n{between}{T}.4 connect(3, {TO}, 16) = 0\n"
    maker = f"{T}.2 {SOCKET} = 3\n{T}.9 +++ exited with 0 +++\n"
    at = 2 + between.count("\n")
    assert early_binds(tmp_path, user, maker) == [(2, 1 + at)]


def test_a_fork_copies_what_was_given_before_it(tmp_path: Path) -> None:
    parent = f"{T}.3 fork() = 102\n"
    maker = f"{T}.2 {SOCKET} = 3\n{T}.9 +++ exited with 0 +++\n"
    child = f"{T}.4 bind(3, {ANY}, 16) = 0\n{T}.5 connect(3, {TO}, 16) = 0\n"
    assert early_binds(tmp_path, parent, maker, child) == [(1, 2)]


@pytest.mark.parametrize(
    "giver", ["dup(4) = 3", "fcntl(4, F_DUPFD, 0) = 3", 'openat(AT_FDCWD, "/x", 0) = 3',
              "accept(4, NULL, NULL) = 3", "pipe2([3, 5], 0) = 0"],
)  # fmt: skip
def test_whatever_gives_the_number_waits_for_its_holder_to_close_it(
    giver: str, tmp_path: Path
) -> None:
    user = (
        f"{T}.1 {SOCKET} = 3\n{T}.15 {SOCKET} = 4\n{T}.2 bind(3, {ANY}, 16) = 0\n"
        f"{T}.4 connect(3, {TO}, 16) = 0\n{T}.5 close(3) = 0\n"
    )
    assert early_binds(tmp_path, user, f"{T}.3 {giver}\n{T}.7 close(3) = 0\n") == [(4, 5)]
