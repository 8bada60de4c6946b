"""No line drives a regular expression into backtracking: not one of the package is slower than its
text is long, whatever run of its own pieces it is given."""

from __future__ import annotations

import re

import pytest
from fuzz.expressions import Expression, drives, expressions, texts

ALL = expressions()


def hard(expression: Expression) -> list[object]:
    """The beginnings of texts that drive it into backtracking."""
    return [made(30) for made in texts(expression.pattern) if drives(expression, made)]


@pytest.mark.parametrize("name", ALL)
def test_no_text_drives_it_into_backtracking(name: str) -> None:
    assert hard(ALL[name]) == []


def test_one_that_can_be_is_told() -> None:
    pattern = re.compile(r"[ ]*x")
    expression = Expression("", pattern, frozenset({"search"}))
    assert drives(expression, lambda size: " " * size)


def test_they_are_all_found() -> None:
    assert len(ALL) > 130
    assert {"trace.input.named:_MEMBER", "trace.annotation:_SOCKET"} <= set(ALL)
    assert any("escapes:" in name and "." in name.partition(":")[2] for name in ALL)
