"""Random programs on a small kernel whose truth is known, under everything that a trace can leave
out: what is certain is true, what is missed is never called clean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from analysis.families import found as found_in_family
from analysis.families import made
from analysis.worlds import World, analyzed, found

import strace_analyzer as sa
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

SEEDS = range(12)
Maker = Callable[[int, bool], World]


def begun(seed: int, annotated: bool = False) -> World:
    """A world of which the trace shows that setsockopt() is traced."""
    world = World(Random(seed), annotated=annotated)
    world.socket(world.tasks[0])
    world.option(world.tasks[0], "[0], 4")
    return world


def one_process(seed: int, annotated: bool = False) -> World:
    w = begun(seed, annotated)
    return w.walk(
        60, w.socket, w.socket, w.option, w.bind, w.getsockname, w.connect, w.close, w.dup
    )


def processes(seed: int, annotated: bool = False) -> World:
    w = begun(seed, annotated)
    return w.walk(
        60, w.socket, w.option, w.bind, w.getsockname, w.connect, w.connect, w.close, w.dup, w.fork
    )


def with_ring(seed: int, annotated: bool = False) -> World:
    w = begun(seed, annotated)
    w.makes_ring(w.tasks[0])
    return w.walk(
        60, w.socket, w.socket, w.option, w.bind, w.getsockname, w.connect, w.close,
        w.ring_closes, w.ring_makes, w.ring_replaces,
    )  # fmt: skip


def is_all_clear(analysis: sa.Analysis) -> bool:
    verdict = judge(Selected(analysis), Gate()).verdict
    return verdict in ("clean", "no-connections")


@pytest.mark.parametrize("annotated", [False, True], ids=["", "-yy"])
@pytest.mark.parametrize("make", [one_process, processes])
@pytest.mark.parametrize("seed", SEEDS)
def test_where_nothing_is_hidden_all_is_found_and_certain(
    seed: int, make: Maker, annotated: bool, tmp_path: Path
) -> None:
    world = make(seed, annotated)
    analysis = analyzed(world, tmp_path)
    assert found(analysis) == found(analysis, certain=True) == world.early_binds()


@pytest.mark.parametrize("annotated", [False, True], ids=["", "-yy"])
@pytest.mark.parametrize(
    "hidden",
    [
        ("dup",), ("fork",), ("close",), ("dup", "fork"), ("close", "dup"), ("close", "fork"),
        ("setsockopt",), ("setsockopt", "dup"), ("getsockname", "dup", "fork"),
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_filter_hides_makes_nothing_certain_that_is_not_true(
    seed: int, hidden: tuple[str, ...], annotated: bool, tmp_path: Path
) -> None:
    world = processes(seed, annotated)
    analysis = analyzed(world, tmp_path, hidden)
    truth = world.early_binds(hidden)
    assert found(analysis, certain=True) <= truth
    assert found(analysis) >= truth or not is_all_clear(analysis)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_nobody_saw_made_is_the_socket_whose_port_it_shows(
    seed: int, tmp_path: Path
) -> None:
    """-yy has shown the port of every bound socket before it was copied."""
    w = begun(seed, annotated=True)
    (task,) = w.tasks
    w.walk(14, w.socket, w.bind)
    w.getsockname_of_each(task)
    w.walk(6, w.dup)
    w.walk(16, w.connect)
    assert found(analyzed(w, tmp_path, ("dup",))) == w.early_binds(("dup",))


@pytest.mark.parametrize("annotated", [False, True], ids=["", "-yy"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_ring_can_have_closed_and_made_any_number(
    seed: int, annotated: bool, tmp_path: Path
) -> None:
    world = with_ring(seed, annotated)
    analysis = analyzed(world, tmp_path)
    certain = found(analysis, certain=True)
    assert certain <= world.early_binds()
    assert annotated or not certain
    if annotated:
        assert found(analysis) == world.early_binds()
    assert not is_all_clear(analysis)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_namespace_that_was_left_is_the_same_again(seed: int, tmp_path: Path) -> None:
    """setns() back and forth between four, which -yy names: the ports of each are its own."""
    w = begun(seed, annotated=True)
    known = range(4)
    w.close(w.tasks[0])
    w.setns(w.tasks[0], known)
    w.walk(70, w.socket, w.bind, w.connect, w.connect, w.close, lambda task: w.setns(task, known))
    [trace] = analyzed(w, tmp_path).traces
    peaks = sorted(use.peak_pinned for use in trace.ports if use.peak_pinned)
    assert peaks == w.pinned_at_once()


@pytest.mark.parametrize("annotated", [False, True], ids=["", "-yy"])
@pytest.mark.parametrize("silence", [5, 700])
@pytest.mark.parametrize("seed", SEEDS[:6])
def test_a_grandchild_speaks_before_the_line_of_its_clone(
    seed: int, silence: int, annotated: bool, tmp_path: Path
) -> None:
    """However late in the trace: what it does with inherited sockets is found."""
    w = begun(seed, annotated)
    (task,) = w.tasks
    for _ in range(silence):
        w.says(task, "getpid", "getpid() = 100")
    w.walk(12, w.socket, w.bind)
    w.says(
        task, "clone", "clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>"
    )
    child = w.born(task)
    w.says(
        child, "clone", "clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>"
    )
    grandchild = w.born(child)
    for _ in range(8):
        w.random.choice((w.socket, w.bind, w.connect, w.close))(grandchild)
    w.says(child, "clone", f"<... clone resumed>, child_tidptr=0x7f) = {grandchild.tid}")
    w.says(task, "clone", f"<... clone resumed>, child_tidptr=0x7f) = {child.tid}")
    w.walk(20, w.socket, w.bind, w.connect, w.connect, w.close)
    assert found(analyzed(w, tmp_path)) == w.early_binds()


@pytest.mark.parametrize("make", [one_process, processes])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_option_is_believed_less_than_the_port_that_is_shown(
    seed: int, make: Maker, tmp_path: Path
) -> None:
    """setsockopt() lines of another socket's number, as a copy nobody saw would give them: whose
    port is shown before connect() was not under the option, whatever the line says."""
    world = make(seed, True)
    liar = world.with_false_options()
    analysis = analyzed(liar, tmp_path)
    proved = {
        (bind, connect)
        for bind, connect in liar.early_binds()
        if "<TCP:[0.0.0.0:" in liar.line(connect)
    }
    assert found(analysis) >= proved


@pytest.mark.parametrize("seed", SEEDS)
def test_files_without_a_clock_prove_no_order(seed: int, tmp_path: Path) -> None:
    """Threads with one table whose files have no times, or those of -r: what is certain is true."""
    family = made(seed, threads=3, slow=200)
    for tid, lines in family.files.items():
        family.files[tid] = [line.partition(" ")[2] for line in lines]
    analysis = sa.analyze(family.write(tmp_path / "f"))
    assert found_in_family(analysis, certain=True) <= family.truth
    assert found_in_family(analysis) >= family.truth or not is_all_clear(analysis)
