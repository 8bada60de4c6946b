"""Without `-f -o`, strace prints no pid as long as it follows one task. The rows of such a trace
are those of the same trace with every pid printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.report.events.follow import Follower
from strace_analyzer.report.events.row import EventRow
from strace_analyzer.trace.events import Identified
from strace_analyzer.trace.reader import EventStream

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.strace"))
ADDRESS = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
WHOLE = (
    "getpid() = 12",
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5",
    "close(5) = 0",
    f"connect(5, {ADDRESS}) = 0",
    "--- SIGCHLD {si_signo=SIGCHLD} ---",
)
HALVES = (
    ("close(5 <unfinished ...>", "<... close resumed>) = 0"),
    (f"connect(5, {ADDRESS} <unfinished ...>", "<... connect resumed>) = 0"),
    ("read(5,  <unfinished ...>", '<... read resumed>"", 9) = 0'),
)
FIRST, OTHERS = 12, (13, 14)
Told = list[tuple[int | None, str]]
"""a task and its line; None for a notice of strace"""


def of(lines: Sequence[str]) -> tuple[list[EventRow], int]:
    """Return the rows of a trace, and how many of them were there before the first task had a
    number."""
    stream, follower = EventStream("t"), Follower("t1", ["t"], argv=True, raw=True)
    rows: list[EventRow] = []
    before = None
    for line in lines:
        for event in stream.feed(line.encode("utf-8", "surrogateescape")):
            rows += follower.feed(event)
            if isinstance(event, Identified):
                before = len(rows)
    for event in stream.close():
        rows += follower.feed(event)
    rows += follower.close()
    return rows, len(rows) if before is None else before


def alike(told: Told) -> None:
    """Compare the rows of `told` with those of the same without the pids that strace would not
    print."""
    first = told[0][0]
    alone = next((n for n, (task, _) in enumerate(told) if task not in (first, None)), len(told))
    named = [text if task is None else f"[pid {task:5}] {text}" for task, text in told]
    nameless = [text for _, text in told[:alone]] + named[alone:]
    expected, _ = of(named)
    found, before = of(nameless)
    assert found[before:] == expected[before:]
    for row, known in zip(found[:before], expected[:before], strict=True):
        # what nobody could know yet: the number of the first task, which may be others' process
        tid = None if row.tid is None and known.tid == first else known.tid
        tgid = None if row.tgid is None and known.tgid == first else known.tgid
        assert row == known._replace(tid=tid, tgid=tgid)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_without_its_first_pids_has_the_same_rows(sample: Path) -> None:
    lines = sample.read_text("utf-8", "surrogateescape").splitlines()
    told: Told = []
    for line in lines:
        match = re.fullmatch(r"([0-9]+) +(.*)", line)
        told.append((int(match[1]), match[2]) if match else (None, line))
    alike(told)


@st.composite
def told(draw: st.DrawFn) -> Told:
    """Return what some tasks do. strace announces each before it speaks; what is lost of a task is
    lost after it was named, or nobody could know that it is the first."""
    lines: Told = []
    inside: dict[int, str] = {}
    announced, ended = {FIRST}, set[int]()
    is_named = False
    if draw(st.booleans()):
        lines.append((FIRST, 'execve("/bin/x", ["x"], 0x7ffe /* 9 vars */) = 0'))
    else:
        lines.append((FIRST, "getpid() = 12"))
    for _ in range(draw(st.integers(0, 15))):
        left = [task for task in (FIRST, *OTHERS) if task not in ended]
        if not left:
            break
        task = draw(st.sampled_from(left))
        if task not in announced:
            announced.add(task)
            lines.append((None, f"strace: Process {task} attached"))
        is_lossy = task in inside and (task != FIRST or is_named) and draw(st.booleans())
        what = draw(st.sampled_from(["whole", "whole", "half", "half", "exit"]))
        if what == "exit":
            ended.add(task)
            inside.pop(task, None)
            lines.append((task, "+++ exited with 0 +++"))
        elif task in inside and not is_lossy:
            is_signal = draw(st.booleans())
            lines.append((task, WHOLE[-1] if is_signal else inside.pop(task)))
        elif what == "whole":
            text = draw(st.sampled_from(WHOLE))
            lines.append((task, text))
            if not text.startswith("-"):
                inside.pop(task, None)
        else:
            half, inside[task] = draw(st.sampled_from(HALVES))
            lines.append((task, half))
        is_named = is_named or (task == FIRST and any(one in OTHERS for one, _ in lines))
    return lines


@given(told())
def test_what_tasks_do_has_the_same_rows_without_the_first_pids(lines: Told) -> None:
    alike(lines)


@pytest.mark.parametrize("first", ["", "[pid    12] "])
def test_a_task_that_is_killed_in_a_call_has_its_number_there(first: str) -> None:
    rows, _ = of(
        [
            f"{first}close(5 <unfinished ...>",
            "[pid    13] socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5",
            "[pid    12] +++ killed by SIGKILL +++",
        ]
    )
    assert [(row.type, row.name, row.tid) for row in rows] == [
        ("syscall", "socket", 13),
        ("syscall", "close", 12),
        ("killed", "SIGKILL", 12),
    ]
