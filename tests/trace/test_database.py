"""A database compiled in a copy of this process finds the same as one that is compiled here."""

from __future__ import annotations

import os
import signal

import pytest

from strace_analyzer.trace.prefilter import database as databases

EXPRESSIONS = [(3, rb"connect\("), (5, rb"<\.\.\. (?:bind|close) resumed>")]
BLOCK = b"7 connect(3, ...) = 0\n7 <... bind resumed>) = 0\n7 bind(4\n"
HITS = [(3, BLOCK.index(b"(") + 1), (5, BLOCK.index(b">") + 1)]


def hits(*, apart: bool) -> list[tuple[int, int]]:
    module = databases.hyperscan()
    if module is None:
        pytest.skip("hyperscan is not installed")
    found = []
    databases.database(module, EXPRESSIONS, apart=apart).scan(
        BLOCK, match_event_handler=lambda kind, _begin, end, *_: found.append((kind, end))
    )
    return found


@pytest.mark.parametrize("apart", [False, True])
def test_it_finds_the_expressions(apart: bool) -> None:
    assert hits(apart=apart) == HITS


def test_no_process_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: made.append(fork()) or made[-1])
    assert hits(apart=True) == HITS
    assert len(made) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(made[0], os.WNOHANG)


def test_if_the_other_process_is_killed_it_is_compiled_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compile_here, here = databases._compiled, os.getpid()

    def killed(module: object, expressions: object) -> object:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return compile_here(module, expressions)  # type: ignore[arg-type]

    monkeypatch.setattr(databases, "_compiled", killed)
    assert hits(apart=True) == HITS
