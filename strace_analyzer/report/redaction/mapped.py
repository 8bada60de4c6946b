"""A lazy map over a sequence that may be on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

from strace_analyzer.analysis.results import Items

T = TypeVar("T")


class Mapped(Items[T], Generic[T]):
    """`items` with `change` applied to each on access."""

    def __init__(self, items: Items[T], change: Callable[[T], T]) -> None:
        self._items = items
        self._change = change

    def __iter__(self) -> Iterator[T]:
        return map(self._change, self._items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        """Raises IndexError like a tuple."""
        if isinstance(index, int):
            return self._change(self._items[index])
        return tuple(map(self._change, self._items[index]))
