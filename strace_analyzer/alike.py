"""Interning: `one_of` returns one shared object for equal values, so that what thousands of
processes have in common is stored once."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)


@lru_cache(maxsize=4096)
def _first(kind: type, value: Hashable) -> Hashable:
    return value


def one_of(value: Value) -> Value:
    """Return the first object seen that has the same type as `value` and equals it. Only the last
    few thousand values are remembered."""
    return _first(type(value), value)  # type: ignore[return-value]


_FEW = 4
"""largest sets that are likely to be equal to others"""


def with_one(known: Collection[Value], value: Value) -> Collection[Value]:
    """Return a set that also contains `value`: a shared one for equal small sets, or beyond that
    one of its own, which is changed in place. Start with frozenset()."""
    if value in known:
        return known
    if len(known) < _FEW:
        return one_of(frozenset({*known, value}))
    known = known if isinstance(known, set) else set(known)
    known.add(value)
    return known
