"""No line drives a regular expression into backtracking: not one of the package is slower than its
text is long, whatever run of its own pieces it is given."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from fuzz.building import built
from fuzz.expressions import Expression, drives, expressions, texts
from shared_folder import ROOT

ALL = expressions()


def hard(expression: Expression) -> list[object]:
    """The beginnings of the first texts that drive it into backtracking."""
    hard_ones = (made(30) for made in texts(expression.pattern) if drives(expression, made))
    return [*islice(hard_ones, 3)]


@pytest.mark.parametrize("name", ALL)
def test_no_text_drives_it_into_backtracking(name: str) -> None:
    assert hard(ALL[name]) == []


@pytest.mark.slow
def test_no_text_drives_one_that_is_built_while_reading(tmp_path: Path) -> None:
    """What is learned of lines and calls, Lark's lexers, the searches for lines that matter, what
    takes off prefixes: of each form one."""
    samples = [str(path) for path in sorted((ROOT / "samples").glob("*.strace"))]
    found = built(samples, str(tmp_path))
    assert {type(one.pattern.pattern) for one in found} == {bytes, str}
    assert sum("(?>" in one.name for one in found) > 50  # shapes that were learned
    assert any(one.name.startswith("(?P<COMMENT>") for one in found)  # a lexer
    assert {one.name: begin for one in found if (begin := hard(one))} == {}


def test_one_that_can_be_is_told() -> None:
    pattern = re.compile(r"[ ]*x")
    expression = Expression("", pattern, frozenset({"search"}))
    assert drives(expression, lambda size: " " * size)


def test_they_are_all_found() -> None:
    assert len(ALL) > 130
    assert {"trace.input.named:_MEMBER", "trace.annotation:_SOCKET"} <= set(ALL)
    assert any("escapes:" in name and "." in name.partition(":")[2] for name in ALL)
