"""Takes a value that does not change, gives one that is equal: the same object for all that are
alike, so that what thousands of processes have in common is kept once."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)


@lru_cache(maxsize=4096)
def _first(kind: type, value: Hashable) -> Hashable:
    return value


def one_of(value: Value) -> Value:
    """The first of those that are of this type and equal, of the last few thousand that were asked
    for."""
    return _first(type(value), value)  # type: ignore[return-value]
