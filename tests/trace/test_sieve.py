"""Blocks of lines in, the lines that can matter out: asked of a watch that holds what a test
says."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from strace_analyzer.trace.prefilter import scan as scanning
from strace_analyzer.trace.prefilter.database import hyperscan as hyperscan_module
from strace_analyzer.trace.prefilter.scan import scanner
from strace_analyzer.trace.prefilter.sieve import EveryLineMattersError, Sieve
from strace_analyzer.trace.prefilter.watch import When

WHEN = {
    "connect": When.ALWAYS,
    "close": When.HELD,
    "ioctl": When.HELD,
    "dup": When.COPIED,
    "fcntl": When.COPIED,
    "openat": When.GIVEN,
    "recvfrom": When.MOVED,
    "getsockname": When.OUTGOING,
}


class Shown(NamedTuple):
    note: str


@dataclass
class Watched:
    """`held` are the descriptors of each task; those named QUIET or INCOMING are."""

    held: dict[int, dict[int, str]] = field(default_factory=dict)
    not_simple: set[int] = field(default_factory=set)
    awaits_children: bool = False
    awaited: set[int] = field(default_factory=set)
    when: Mapping[str, When] = field(default_factory=lambda: WHEN)
    has_begun = True
    is_unfiltered = True
    all_data: bool = False
    noted: dict[int, dict[int, Shown]] = field(default_factory=dict)
    """what is known of each task's sockets by notes only"""

    @property
    def has_shown(self) -> bool:
        return any(self.noted.values())

    def shown(self, tid: int) -> Mapping[int, Any] | None:
        return self.noted.get(tid, {})

    def is_awaited(self, tid: int) -> bool:
        """Once: then it has spoken."""
        was = tid in self.awaited
        self.awaited.discard(tid)
        return was

    def numbers(self, tid: int) -> Mapping[int, Any] | None:
        return None if tid in self.not_simple else self.held.get(tid, {})

    def holds(self, tid: int, number: int) -> bool:
        return number in self.held.get(tid, {})

    def is_quiet(self, held: Any) -> bool:
        return held in ("QUIET", "INCOMING")

    def is_incoming(self, held: Any) -> bool:
        return bool(held == "INCOMING")


def given(watch: Watched, *blocks: str) -> list[int]:
    """The numbers of the lines that are given, but for the first and the last of each block."""
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    under_way: set[int] = set()
    sieve = Sieve(watch, scan, bare_tid=None, under_way=under_way, awaits_next=lambda: False)
    found, first = [], 1
    for block in blocks:
        last = first + block.count("\n") - 1
        numbers = []
        for number, line in sieve.lines(first, block.encode()):
            numbers.append(number)
            speaker = line.split(b" ")[0]
            if speaker.isdigit():
                is_begun = line.endswith(b"<unfinished ...>")
                (under_way.add if is_begun else under_way.discard)(int(speaker))
        assert (numbers[0], numbers[-1]) == (first, last)
        found += [number for number in numbers if first < number < last]
        first = last + 1
    return found


def block(*lines: str) -> str:
    """The lines between two others, which are given whatever they are."""
    return "".join(f"{line}\n" for line in ("1 brk(NULL) = 0x1", *lines, "1 brk(NULL) = 0x1"))


@pytest.mark.parametrize(
    ("line", "matters"),
    [
        ("7 connect(9, {sa_family=AF_UNIX}, 110) = 0", True),
        ("7 close(3) = 0", True),
        ("7 close(4) = 0", False),
        ("7 close(3</etc/passwd>) = 0", False),
        ("8 close(3) = 0", False),
        ("7 ioctl(3, FIONBIO, [1]) = 0", False),
        ("7 ioctl(3, FIOCLEX) = 0", True),
        ("7 ioctl(3, 0x5451) = 0", True),
        ("7 ioctl(4, FIOCLEX) = 0", False),
        ("7 fcntl(3, F_GETFL) = 0", False),
        ("7 fcntl(3, F_SETFD, FD_CLOEXEC) = 0", True),
        ("7 fcntl(3, 2, 1) = 0", True),
        ("7 dup(3) = 9", True),
        ("7 dup(9) = 3", True),
        ("7 dup(9) = 10", False),
        ('7 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3', True),
        ('7 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 9', False),
        ('7 openat(AT_FDCWD, "/etc/passwd", O_RDONLY', True),
        ("7 recvfrom(3, 0x1, 5, 0, NULL, NULL) = 5", False),
        ("7 recvfrom(3, 0x1, 5, 0, NULL, NULL) = 0", True),
        ("7 recvfrom(4, 0x1, 5, 0, NULL, NULL) = 5", False),
        ("7 recvfrom(6, 0x1, 5, 0, NULL, NULL) = 5", True),
        ("7 getsockname(3, {sa_family=AF_INET}, [16]) = 0", True),
        ("7 getsockname(5, {sa_family=AF_INET}, [16]) = 0", False),
        ("7 getsockname(9, {sa_family=AF_INET}, [16]) = 0", True),
        ("7 +++ exited with 0 +++", True),
        ("hello", True),
    ],
)
def test_a_line_is_given_where_it_can_matter(line: str, matters: bool) -> None:
    watch = Watched({7: {3: "QUIET", 5: "INCOMING", 6: "CONNECTING"}})
    assert given(watch, block(line)) == ([2] if matters else [])


@pytest.mark.parametrize(
    ("line", "matters"),
    [
        ('7 recvfrom(9<TCP:[0.0.0.0:80]>, "x", 9, 0, NULL, NULL) = 1', True),
        ('7 recvfrom(9<TCPv6:[[::1]:80->[::1]:81]>, "x", 9, 0, NULL, NULL) = 1', True),
        ('7 recvfrom(9<UDP:[0.0.0.0:80]>, "x", 9, 0, NULL, NULL) = 1', True),
        ('7 recvfrom(9<TCP:[4711]>, "x", 9, 0, NULL, NULL) = 1', False),
        ('7 recvfrom(9<UNIX-STREAM:[4711->4712]>, "x", 9, 0, NULL, NULL) = 1', False),
        ('7 recvfrom(8<TCP:[0.0.0.0:80]>, "x", 9, 0, NULL, NULL) = 1', False),
        ('7 recvfrom(8<TCP:[0.0.0.0:81]>, "x", 9, 0, NULL, NULL) = 1', True),
        ("7 close(8<TCP:[0.0.0.0:80]>) = 0", True),
        ("7 close(8) = 0", True),
        ("7 close(9<TCP:[0.0.0.0:80]>) = 0", True),
        ("8 close(8<TCP:[0.0.0.0:80]>) = 0", True),
        ("8 close(8) = 0", False),
    ],
)
@pytest.mark.parametrize("held", [{}, {7: {3: "QUIET"}}], ids=["none held", "one held"])
def test_a_note_is_given_once(held: dict[int, dict[int, str]], line: str, matters: bool) -> None:
    watch = Watched(held, noted={7: {8: Shown("TCP:[0.0.0.0:80]")}})
    assert given(watch, block(line)) == ([2] if matters else [])


SCRAPS = [
    *("[...]", "40 lines omitted", "40 lines", "8<---", "7 close", "connect", "  ...", "hello"),
    *("7 close(", "close(3", "7 fcntl(3<sock", "fcntl(3<", "7 <... connect resumed>) = 0", "+"),
    *("7 connect(3, ", "--- cut ---", "7 +++ exited with 0 +++", "7 ioctl(3, 0x1) = 0", ""),
]
"""Lines, and what is left of some."""


@pytest.mark.parametrize("has_pids", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_both_searches_find_something_on_the_same_lines(
    monkeypatch: pytest.MonkeyPatch, seed: int, has_pids: bool
) -> None:
    """Also where the match of one line ends in the line feed that the next one's begins with."""
    if hyperscan_module() is None:
        pytest.skip("hyperscan is not installed")
    text = "1 brk(NULL) = 0x1\n" + "\n".join(random.Random(seed).choices(SCRAPS, k=40)) + "\n"

    def found(*, hyperscan: bool) -> set[int]:
        with monkeypatch.context() as patched:
            if not hyperscan:
                patched.setattr("strace_analyzer.trace.prefilter.scan.hyperscan", lambda: None)
            build = scanning._kept.__wrapped__  # what the other test built is not for this one
            search = build(frozenset(WHEN.items()), has_pids, True, False, 0)
        return {
            text.count("\n", 0, (hit >> scanning.KIND_BITS) - 1) for hit in search(text.encode())
        }

    assert found(hyperscan=True) == found(hyperscan=False) != set()


def test_a_signal_in_the_midst_of_a_call_is_not_its_end() -> None:
    """What the task says behind it shows that the other half was lost."""
    text = block(
        "7 connect(4,  <unfinished ...>",
        "8 brk(NULL) = 0x1",
        "7 --- SIGCHLD {si_signo=SIGCHLD} ---",
        "8 brk(NULL) = 0x1",
        "7 brk(NULL) = 0x1",
        "7 brk(NULL) = 0x1",
    )
    under_way: set[int] = set()
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    sieve = Sieve(Watched(), scan, bare_tid=None, under_way=under_way, awaits_next=lambda: False)
    numbers = []
    for number, line in sieve.lines(1, text.encode()):
        numbers.append(number)
        if line.endswith(b"<unfinished ...>"):
            under_way.add(7)
        elif line.startswith(b"7 brk"):
            under_way.discard(7)
    assert numbers == [1, 2, 4, 6, 8]


@pytest.mark.parametrize("held", [{}, {7: {3: "QUIET"}}], ids=["none held", "one held"])
@pytest.mark.parametrize("result", ["", "=", "= ", "= 3 <", "= x"])
def test_a_call_that_opens_something_and_was_cut_is_given(
    held: dict[int, dict[int, str]], result: str
) -> None:
    """What it returned is not known: that has to be told."""
    line = f"7 openat(0, 0x1) {result}"
    assert given(Watched(held), block("7 openat(0, 0x1) = 9", line)) == [3]
    halves = block("7 openat(0, 0x1 <unfinished ...>", f"7 <... openat resumed>) {result}")
    with pytest.raises(EveryLineMattersError):
        given(Watched(held), halves)


@pytest.mark.parametrize("line", ["12345 close(9) = 0", "7<sh> close(9) = 0"])
def test_a_line_with_a_pid_where_none_has_one_is_given(line: str) -> None:
    """It says whose all the others are."""
    scan = scanner(WHEN, has_pids=False, is_unfiltered=True)
    sieve = Sieve(Watched(), scan, bare_tid=0, under_way=set(), awaits_next=lambda: False)
    text = f"brk(NULL) = 0x1\nclose(9) = 0\n{line}\nbrk(NULL) = 0x1\n"
    assert [number for number, _ in sieve.lines(1, text.encode())] == [1, 3, 4]


@pytest.mark.parametrize(
    ("halves", "wanted"),
    [
        (("7 close(3 <unfinished ...>", "7 <... close resumed>) = 0"), [2, 4]),
        (("7 close(4 <unfinished ...>", "7 <... close resumed>) = 0"), []),
        (("7 getsockname(5,  <unfinished ...>", "7 <... getsockname resumed>0x1) = 0"), []),
        (("7 getsockname(3,  <unfinished ...>", "7 <... getsockname resumed>0x1) = 0"), [2, 4]),
        (("7 recvfrom(3,  <unfinished ...>", "7 <... recvfrom resumed>0x1, 5) = 5"), []),
        (("7 recvfrom(3,  <unfinished ...>", "7 <... recvfrom resumed>0x1, 5) = 0"), [2, 4]),
        (("7 openat(0, 0x1 <unfinished ...>", "7 <... openat resumed>) = 9"), []),
    ],
)
def test_halves_are_given_together(halves: tuple[str, str], wanted: list[int]) -> None:
    watch = Watched({7: {3: "QUIET", 5: "INCOMING"}})
    assert given(watch, block(halves[0], "8 brk(NULL) = 0x1", halves[1])) == wanted


COPYING = "7 fcntl(9, F_DUPFD_CLOEXEC, 0 <unfinished ...>"
COPIED = "7 <... fcntl resumed>) = 11 <0.000012>"


@pytest.mark.parametrize(
    ("halves", "wanted"),
    [
        ((COPYING, COPIED), []),
        (
            ("7 fcntl(9, F_GETFL <unfinished ...>", "7 <... fcntl resumed>) = 0x2 (flags O_RDWR)"),
            [],
        ),
        ((COPYING, "7 <... fcntl resumed>) = -1 EBADF (Bad file descriptor)"), []),
        ((COPYING, "7 <... fcntl resumed>) = 3"), [2, 4]),
        ((COPYING, "7 <... fcntl resumed>) = ?"), []),
        ((COPYING, "7 <... fcntl resumed>, 3) = 11"), [2, 4]),
        ((COPYING, "7 <... fcntl resumed>) = 1?"), [2, 4]),
        ((COPYING, "7 --- SIGCHLD {si_signo=SIGCHLD} ---", COPIED), [2, 4]),
        ((COPYING, "8 brk(NULL) = 0x1"), [2]),
        (("7 fcntl(3, F_DUPFD_CLOEXEC, 0 <unfinished ...>", COPIED), [2, 4]),
        (("7 fcntl(9, F_DUPFD_CLO <unfinished ...>", COPIED), [2, 4]),
        (("7 fcntl(9, F_DUPFD_CLOEXEC, 0x3 <unfinished ...>", COPIED), [2, 4]),
        (("7 dup(9 <unfinished ...>", "7 <... dup resumed>) = 11"), [2, 4]),
    ],
)
def test_half_a_copy_is_left_out_with_the_other_half(
    halves: tuple[str, ...], wanted: list[int]
) -> None:
    """Where it copies nothing that is held, and every byte of both is understood."""
    watch = Watched({7: {3: "QUIET"}})
    assert given(watch, block(halves[0], "8 brk(NULL) = 0x1", *halves[1:])) == wanted


def test_half_a_copy_the_other_half_of_which_is_in_the_next_block_is_given() -> None:
    idle = "8 brk(NULL) = 0x1"
    watch = Watched({7: {3: "QUIET"}})
    assert given(watch, block(idle, COPYING, idle), block(idle, COPIED, idle)) == [3, 8]


@pytest.mark.parametrize(
    ("line", "aside"), [("7 connect(4, 0x1, 16) = 0", True), ("7 close(4) = 0", False)]
)
def test_it_steps_aside_where_most_lines_matter(line: str, aside: bool) -> None:
    """Not where most lines are only looked at."""
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    watch = Watched({7: {3: "QUIET"}})
    sieve = Sieve(watch, scan, bare_tid=None, under_way=set(), awaits_next=lambda: False)
    text = f"{line}\n".encode() * 3_000
    assert sieve.steps_aside(text) is aside
    if not aside:
        assert len(list(sieve.lines(1, text))) == 2


@pytest.mark.parametrize("first", ["7 close(3 <unfinished ...>", "7 connect(4,  <unfinished ...>"])
@pytest.mark.parametrize(
    "next_line",
    ["7 <... brk resumed>) = 0x1", "7 brk(NULL) = 0x1", "7 openat(0, 0x1) = 9", "7 brk(NULL"],
)
def test_what_a_task_says_next_is_given_after_half_a_call(first: str, next_line: str) -> None:
    """It shows that the other half was lost."""
    watch = Watched({7: {3: "QUIET"}})
    rest = ("8 brk(NULL) = 0x1", next_line, "7 brk(NULL) = 0x1")
    assert given(watch, block(first, *rest)) == [2, 4]
    assert given(watch, block(first, "8 brk(NULL) = 0x1"), block(*rest)) == [2, 7]


def test_of_many_tasks_that_wait_each_is_heard_again() -> None:
    waiting = [f"{tid} connect(4,  <unfinished ...>" for tid in range(20, 40)]
    more = ["7 brk(NULL) = 0x1", "39 brk(NULL) = 0x1", "39 brk(NULL) = 0x1", "21 brk(NULL) = 0x1"]
    assert given(Watched(), block(*waiting), block(*more)) == [*range(2, 22), 25, 27]
    first, *rest = [line.replace("7", "20") for line in more]
    found = given(
        Watched(), block(*waiting), "".join(f"{line}\n" for line in (first, *rest, first))
    )
    assert found == [*range(2, 22), 24, 26]


def test_both_halves_of_what_a_child_says_first() -> None:
    """The second one stands before the line that the search had found next."""
    block = """\
10 brk(NULL) = 0x55d
20 futex(0x7f1, FUTEX_WAIT, 2, NULL <unfinished ...>
10 brk(NULL) = 0x55d
20 <... futex resumed>) = 0
10 connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0
10 brk(NULL) = 0x55d
"""
    assert given(Watched(awaits_children=True, awaited={20}), block) == [2, 4, 5]


def test_a_call_begun_where_another_should_end_is_given_whole() -> None:
    watch = Watched({7: {3: "QUIET"}})
    lines = ("7 close(3 <unfinished ...>", "7 brk(NULL <unfinished ...>", "8 brk(NULL) = 0x1")
    assert given(watch, block(*lines, "7 <... brk resumed>) = 0x1")) == [2, 3, 5]


def test_halves_are_given_together_across_blocks() -> None:
    watch = Watched({7: {3: "QUIET", 5: "INCOMING"}})
    first = block("7 recvfrom(3,  <unfinished ...>", "8 brk(NULL) = 0x1")
    assert given(watch, first, block("7 <... recvfrom resumed>0x1, 5) = 5")) == [2, 6]
    first = block("7 getsockname(5,  <unfinished ...>", "8 brk(NULL) = 0x1")
    assert given(watch, first, block("7 <... getsockname resumed>0x1, [16]) = 0")) == []


@pytest.mark.parametrize(
    ("begun", "returned", "wanted"),
    [
        ("7 close(3 <unfinished ...>", "7 <... close resumed>) = 0", [2, 8]),
        ("7 recvfrom(6,  <unfinished ...>", "7 <... recvfrom resumed>0x1, 5) = 5", [2, 8]),
        ("7 brk( <unfinished ...>", "7 <... brk resumed>) = 0x1", []),
    ],
)
def test_a_call_that_lasts(begun: str, returned: str, wanted: list[int]) -> None:
    watch = Watched({7: {3: "QUIET", 6: "CONNECTING"}})
    idle = block("8 brk(NULL) = 0x1")
    assert given(watch, block(begun), idle, block(returned)) == wanted
    # a first half that is given as the last line of its block
    assert given(watch, f"1 brk(NULL) = 0x1\n{begun}\n", idle, block("", returned)) == [8]


def test_what_is_under_way_when_the_sieve_begins() -> None:
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    inside = {7: "close", 8: "recvfrom", 9: "futex"}
    sieve = Sieve(Watched(), scan, bare_tid=None, under_way=inside, awaits_next=lambda: False)
    text = block(
        "7 <... close resumed>) = 0",
        "8 <... recvfrom resumed>0x1, 5) = 5",
        "9 <... futex resumed>) = 0",
    )
    assert [number for number, _ in sieve.lines(1, text.encode())] == [1, 2, 3, 4, 5]


def test_a_number_of_which_the_second_half_tells_that_it_is_another_file() -> None:
    watch = Watched({7: {3: "QUIET"}})
    halves = block("7 openat(0, 0x1 <unfinished ...>", "7 <... openat resumed>) = 3")
    with pytest.raises(EveryLineMattersError, match="given to another file"):
        given(watch, halves)


def test_after_execve_every_number_can_matter() -> None:
    """What was close-on-exec may still be open; whose number it is the second half tells."""
    watch = Watched(not_simple={7})
    halves = (
        "7 openat(0, 0x1 <unfinished ...>",
        "8 brk(NULL) = 0x1",
        "7 <... openat resumed>) = 3",
    )
    assert given(watch, block("7 close(9) = 0", *halves)) == [2, 3, 5]


def test_what_changes_while_a_call_is_under_way() -> None:
    watch = Watched({7: {5: "INCOMING"}})
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    sieve = Sieve(watch, scan, bare_tid=None, under_way=set(), awaits_next=lambda: False)
    lines = sieve.lines(
        1,
        block(
            "7 getsockname(5,  <unfinished ...>",
            "8 connect(9, {sa_family=AF_UNIX}, 110) = 0",
            "7 <... getsockname resumed>0x1) = 0",
        ).encode(),
    )
    assert [next(lines)[0], next(lines)[0]] == [1, 3]
    watch.held[7].clear()  # another thread has closed it
    with pytest.raises(EveryLineMattersError, match="while a call on it was under way"):
        next(lines)


def test_the_last_line_is_given_also_while_children_are_awaited() -> None:
    """Its time is the trace's end."""
    assert given(Watched(awaits_children=True), block("8 brk(NULL) = 0x1")) == []
    assert given(Watched(awaits_children=True), "8 brk(NULL) = 0x1\n8 brk(NULL) = 0x1\n\n") == []


def once(*blocks: str) -> tuple[list[int], int]:
    """The lines that are given of a stream, and how many were left out."""
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    watch = Watched({7: {3: "QUIET"}})
    sieve = Sieve(watch, scan, bare_tid=None, under_way=set(), awaits_next=lambda: False, once=True)
    found, first = [], 1
    for text in blocks:
        found += [number for number, _ in sieve.lines(first, text.encode())]
        first += text.count("\n")
    assert sieve.gives_all
    return found, sieve.left_out


BROKEN = ("7 openat(0, 0x1 <unfinished ...>", "7 <... openat resumed>) = 3")


def test_of_a_stream_every_line_is_given_from_there_on() -> None:
    """On line 5 it is told that 3 is another file."""
    idle = "8 brk(NULL) = 0x1"
    assert once(block(idle, *BROKEN, idle, idle)) == ([1, 4, 5, 6, 7], 2)
    assert once(block(idle, idle), block(*BROKEN, idle)) == ([1, 4, 5, 7, 8, 9], 3)


def test_nothing_was_left_out_before() -> None:
    scan = scanner(WHEN, has_pids=True, is_unfiltered=True)
    sieve = Sieve(
        Watched(), scan, bare_tid=None, under_way=set(), awaits_next=lambda: False, once=True
    )
    lines = sieve.lines(1, block("8 brk(NULL) = 0x1", "8 brk(NULL) = 0x1").encode())
    next(lines)
    sieve.every_line_matters("the clock was set back")
    assert ([number for number, _ in lines], sieve.left_out) == ([2, 3, 4], 0)
