"""Halves, cuts and speakers beyond what the cases of tests/corpus show: counts, and any order."""

from __future__ import annotations

from collections import Counter

import pytest
from frame_notation import notation
from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.reader import EventStream


def read(*lines: str) -> tuple[list[str], EventStream]:
    stream = EventStream()
    events = [event for line in lines for event in stream.feed(line.encode())]
    return [notation(event) for event in [*events, *stream.close()]], stream


@pytest.mark.parametrize(
    ("lines", "half_calls", "calls"),
    [
        (("812 read(3,  <unfinished ...>",), 1, 0),
        (('812 <... read resumed>"", 9) = 0',), 1, 1),
        (("812 read(3,  <unfinished ...>", '812 <... read resumed>"", 9) = 0'), 0, 1),
        (("812 read(3,  <unfinished ...>", "812 close(3) = 0"), 1, 1),
        (("812 read(3,  <unfinished ...>", "812 close(3 <unfinished ...>"), 2, 0),
        (("812 read(3,  <unfinished ...>", "812 <... close resumed>) = 0"), 2, 1),
        (("812 read(3,  <unfinished ...>", "812 +++ exited with 0 +++"), 0, 0),
        (("812 read(3,  <unfinished ...>", "812 +++ killed by SIGKILL +++"), 0, 0),
        (("812 read(3,  <detached ...>",), 0, 0),
        (("812 read(3,  <unfinished ...>", "strace: Process 812 detached"), 0, 0),
        (("812 accept(7, NULL",), 1, 0),
        (("812 <... read resumed> <unfinished ...>",), 1, 0),
        (("812 <... read resumed> <unfinished ...>", "812 <... read resumed>) = 0"), 1, 1),
        (('812 execve("/bin/ls", ["ls"] <pid changed to 811 ...>',), 1, 0),
    ],
)
def test_halves_without_a_partner(lines: tuple[str, ...], half_calls: int, calls: int) -> None:
    _, stream = read(*lines)
    assert (stream.accounting.half_calls, stream.accounting.calls) == (half_calls, calls)
    assert stream.accounting.examined == len(lines)


def test_each_piece_of_a_cut_call_counts_as_what_it_is() -> None:
    events, stream = read(
        "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 900 attached",
        "strace: Process 901 attached",
        "hello",
        ", child_tidptr=0x7f0aa2d4da10) = 900",
    )
    assert events == [
        "attached 900 @1",
        "attached 901 @2",
        "foreign @3 hello",
        "call 0 @1-4 clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7f0aa2d4da10) = 900",
    ]
    account = stream.accounting
    assert (account.call_lines, account.notices, account.foreign, account.lines) == (2, 1, 1, 4)


def test_a_stack_belongs_to_the_call_above_it_also_between_tasks() -> None:
    events, stream = read(
        "[pid 12] close(3) = 0",
        " > /bin/a(main+0x1) [0x1]",
        "[pid 13] read(4,  <unfinished ...>",
        "[pid 12] close(5) = 0",
        '[pid 13] <... read resumed>"", 1) = 0',
        " > /bin/a(f+0x1) [0x2]",
    )
    assert events == [
        "call 12 @1 close(3) = 0 [stack /bin/a(main+0x1) [0x1]]",
        "entered 13 @3 read/1",
        "call 12 @4 close(5) = 0",
        'call 13 @3-5 read(4, "", 1) = 0 [stack /bin/a(f+0x1) [0x2]]',
    ]
    assert stream.accounting.frames == 2


def test_a_new_number_without_a_notice_is_the_first_task_or_a_child() -> None:
    events, _ = read("close(3) = 0", "[pid 12] close(4) = 0", "[pid 13] close(5) = 0")
    assert events == [
        "call 0 @1 close(3) = 0",
        "identified 12 @2",
        "call 12 @2 close(4) = 0",
        "call 13 @3 close(5) = 0",
    ]


def test_a_task_that_took_over_speaks_on_bare_lines() -> None:
    events, _ = read(
        "close(3) = 0",
        "strace: Process 13 attached",
        "[pid 12] pause( <unfinished ...>",
        '[pid 13] execve("/bin/ls", ["ls"], NULL <unfinished ...>',
        "[pid 12] <... pause resumed>) = ?",
        "+++ superseded by execve in pid 13 +++",
        "<... execve resumed>) = 0",
        "close(4) = 0",
    )
    assert events[-3:] == [
        "superseded 12 @6 by 13",
        'call 12 @4-7 execve("/bin/ls", ["ls"], NULL) = 0',
        "call 12 @8 close(4) = 0",
    ]


def test_elapsed_is_the_duration_or_the_time_between_the_halves() -> None:
    stream = EventStream()
    lines = (
        b"12 10:00:00.000000 close(3) = 0",
        b"12 10:00:01.000000 close(4) = 0 <0.250000>",
        b"12 10:00:02.000000 close(5 <unfinished ...>",
        b"12 10:00:02.500000 <... close resumed>) = 0",
        b"12 10:00:03.000000 close(6 <unfinished ...>",
        b"12 10:00:04.000000 <... close resumed>) = 0 <0.875000>",
    )
    events = [event for line in lines for event in stream.feed(line)] + stream.close()
    calls = [event for event in events if isinstance(event, Syscall)]
    assert [call.elapsed for call in calls] == [None, 0.25, 0.5, 0.875]


# ---------------------------------------------------------------- any order

TASKS = st.lists(st.integers(0, 4), min_size=1, max_size=40)


@given(TASKS, st.sampled_from(["column", "brackets"]), st.booleans())
def test_interleaving_changes_no_task(order: list[int], pids: str, new: bool) -> None:
    """However the halves of five tasks are mixed, each task's calls are its own, in its order."""
    resumed = '<... read resumed>"x", {n}) = 1' if new else '<... read resumed> "x", {n}) = 1'
    steps: Counter[int] = Counter()
    lines = []
    for task in order:
        number, half = divmod(steps[task], 2)
        steps[task] += 1
        prefix = f"{100 + task} " if pids == "column" else f"[pid {100 + task:5}] "
        text = resumed.format(n=number) if half else f"read({task},  <unfinished ...>"
        lines.append(prefix + text)
    stream = EventStream()
    events = [event for line in lines for event in stream.feed(line.encode())] + stream.close()
    for task in range(5):
        texts = [e.text for e in events if isinstance(e, Syscall) and e.tid == 100 + task]
        assert texts == [f'read({task}, "x", {n}) = 1' for n in range(steps[task] // 2)]
    assert stream.accounting.half_calls == sum(count % 2 for count in steps.values())
    assert stream.accounting.examined == len(order)
