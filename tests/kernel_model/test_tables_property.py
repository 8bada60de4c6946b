"""Descriptor tables against a naive model: any history of processes, threads, copies and calls
that take their time.

The model that reads the trace must know at every moment which socket each number of each task
stands for, and when the last number of a socket is gone.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_model.following import so_far
from kernel_model.naive import STEPPING, NaiveKernel

HAPPENINGS = [
    NaiveKernel.begin,
    NaiveKernel.begin,
    NaiveKernel.replace,
    NaiveKernel.thread,
    NaiveKernel.socket,
    NaiveKernel.socket,
    NaiveKernel.file,
    NaiveKernel.close,
    NaiveKernel.close_in_halves,
    NaiveKernel.dup,
    NaiveKernel.dup,
    NaiveKernel.flag,
    NaiveKernel.close_range,
    NaiveKernel.thread,
    NaiveKernel.fork,
    NaiveKernel.execve,
    NaiveKernel.exit,
]


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 99), st.integers(0, 99)),
        min_size=30,
        max_size=80,
    )
)
def test_every_number_stands_for_the_right_socket(history: list[tuple]) -> None:  # type: ignore[type-arg]
    kernel = NaiveKernel()
    for happening, who, choice in history:
        tasks = kernel.everybody()
        process, tid = tasks[who % len(tasks)]
        if tid in kernel.inside:
            kernel.end(tid)
        else:
            happening(kernel, process, tid, choice)
    followed = so_far("\n".join(kernel.lines))
    expected = {
        tid: {fd: slot.socket for fd, slot in process.table.items()}
        for process, tid in kernel.everybody()
    }
    found = {
        tid: {fd: held.description.id for fd in task.table if (held := task.table.slots.get(fd))}
        for tid, task in followed.tasks.items()
    }
    assert {tid: found[tid] for tid in expected} == expected
    closed = [(s.event.span.first, s.socket.id) for s in followed.steps if s.now is None]
    assert sorted(closed) == sorted(kernel.gone)
    acted = [(s.event.span.first, s.socket.id) for s in followed.steps if s.role in STEPPING]
    assert acted == [
        one
        for one in kernel.acted_on
        if kernel.lines[one[0] - 1].split(" ")[1].startswith(STEPPING)
    ]
