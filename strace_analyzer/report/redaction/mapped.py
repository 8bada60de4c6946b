"""Takes a sequence that may live on disk and a function, gives the sequence of what the function
makes of its items, made as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

from strace_analyzer.analysis.results import Items

T = TypeVar("T")


class Mapped(Items[T], Generic[T]):
    """`change` of each of `items`."""

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
        """Raises IndexError as a tuple does."""
        if isinstance(index, int):
            return self._change(self._items[index])
        return tuple(map(self._change, self._items[index]))
