"""What the model ignores moves nothing; and what a reader may ask before it has parsed a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from kernel_model.following import ANY, FORK, TCP, WEB, so_far
from shared_folder import ROOT, TRACES, labels

import strace_analyzer as sa
from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.arguments import argument, fd_argument, result_fd
from strace_analyzer.kernel.interest import BEGINNING, Interest, When
from strace_analyzer.kernel.objects import FdTable
from strace_analyzer.kernel.open_calls import OpenCall
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.trace.events import Entered, Event, Syscall

SAMPLES = sorted((ROOT / "samples").glob("*.strace"))


def events(trace: Path) -> list[Event]:
    return list(sa.parse(trace.read_bytes().splitlines()))


def steps(trace: Iterable[Event]) -> list[tuple[str, int, int, bool]]:
    tracker = Tracker()
    found = [step for event in trace for step in tracker.feed(event)]
    found += tracker.close()
    return [(s.role, s.fd, s.event.span.first, s.now is None) for s in found]


def could_move(interest: Interest, call: Syscall | Entered) -> bool:
    """The least that a call needs: a handler, and the number that it is about."""
    when = interest.when.get(call.name)
    if when is When.GIVEN:
        return isinstance(call, Syscall) and result_fd(call) is not None
    return when is When.ALWAYS or (
        when is not None and fd_argument(argument(call.args, 0)) is not None
    )


def begun(interest: Interest, half: Entered, row: SystemCall, table: FdTable) -> OpenCall:
    """As Interest.begun, of every call that could move anything."""
    if row.on is None or half.name == "close" or not could_move(interest, half):
        return OpenCall(half, is_ignored=not could_move(interest, half))
    number = half.call.number
    return OpenCall(half, number, table, None if number is None else table.slots.get(number))


def ignore_as_little_as_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Interest, "ignores", lambda self, call, table, fd, begun: not could_move(self, call)
    )
    monkeypatch.setattr(Interest, "begun", begun)


@pytest.mark.parametrize("trace", SAMPLES, ids=lambda path: path.name)
def test_what_is_ignored_moves_nothing(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = events(trace)
    expected = steps(seen)
    ignore_as_little_as_possible(monkeypatch)
    assert steps(seen) == expected


@pytest.mark.labels
@pytest.mark.parametrize("name", sorted(labels()))
def test_nor_in_any_given_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = events(TRACES / name)
    expected = steps(seen)
    ignore_as_little_as_possible(monkeypatch)
    assert steps(seen) == expected


def interest_after(trace: str) -> Interest:
    tracker = Tracker()
    for event in sa.parse(trace.splitlines()):
        tracker.feed(event)
    return tracker.interest


START = f"""7 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
7 socket({TCP}) = 3
7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 4
"""


def test_the_numbers_that_are_sockets() -> None:
    interest = interest_after(START)
    numbers = interest.numbers(7)
    assert numbers is not None
    assert set(numbers) == {3, 4}


def test_after_execve_there_is_more_to_know_than_the_numbers() -> None:
    interest = interest_after(START + '7 execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0')
    assert interest.numbers(7) is None


def test_the_numbers_of_a_task_that_has_not_spoken() -> None:
    """Without a clone in a complete tree it is taken for a thread of the first task."""
    numbers = interest_after(START).numbers(9)
    assert numbers is not None
    assert set(numbers) == {3, 4}
    others = interest_after(f"7 socket({TCP}) = 3").numbers(9)
    assert others is not None
    assert set(others) == {3}
    forked = interest_after(START + f"7 clone({FORK}) = 8").numbers(9)
    assert forked is not None
    assert set(forked) == set()


def test_data_of_a_connection_that_stands_are_quiet() -> None:
    interest = interest_after(START + f"7 connect(3, {WEB}) = 0")
    numbers = interest.numbers(7)
    assert numbers is not None
    assert [interest.is_quiet(numbers[fd]) for fd in (3, 4)] == [True, False]
    over = interest_after(START + f'7 connect(3, {WEB}) = 0\n7 read(3, "", 10) = 0\n').numbers(7)
    assert over is not None
    assert not interest.is_quiet(over[3])


def test_who_is_awaited() -> None:
    interest = interest_after(START)
    assert (interest.awaits_children, interest.is_awaited(7), interest.is_awaited(8)) == (
        False,
        False,
        True,
    )
    forked = interest_after(START + f"7 clone({FORK}) = 8")
    assert (forked.awaits_children, forked.is_awaited(8)) == (True, True)
    spoken = interest_after(START + f"7 clone({FORK}) = 8\n8 getpid() = 8")
    assert (spoken.awaits_children, spoken.is_awaited(8)) == (False, False)
    under_way = interest_after(START + f"7 clone({FORK} <unfinished ...>")
    assert under_way.awaits_children


def test_the_beginning_is_over_after_some_calls() -> None:
    first = interest_after("7 getpid() = 7\n" * (BEGINNING - 1))
    then = interest_after("7 getpid() = 7\n" * BEGINNING + "9 getpid() = 9\n")
    assert (first.has_begun, then.has_begun) == (False, True)
    assert not first.is_awaited(7)
    assert then.is_awaited(9)


@pytest.mark.parametrize(("call", "seen"), [("close(9) = 0", True), ("getpid() = 7", False)])
def test_whether_close_is_traced(call: str, seen: bool) -> None:
    assert interest_after(f"7 {call}").close_was_seen is seen


def test_a_send_that_connects_is_never_ignored_whoever_knows_its_socket() -> None:
    followed = so_far(f"""
        7 sendto(3, "x", 1, MSG_FASTOPEN, {WEB} <unfinished ...>
        8 getpid() = 8
        7 <... sendto resumed>) = 1
        7 sendto(4, "x", 1, MSG_FASTOPEN, {WEB}) = 1
        7 sendto(5, "x", 1, 0, NULL, 0) = 1
        7 sendto(6, "x", 1, 0, {ANY}) = 1
        """)
    assert followed.told == [
        "inherited 3: unbound unconnected",
        "connect 3: autobound connected",
        "inherited 4: unbound unconnected",
        "connect 4: autobound connected",
    ]
