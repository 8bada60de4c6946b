"""Sums by key, and best values by key. The result does not depend on the order of additions or on
how they were split."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Sums(Generic[K]):
    """Maps keys to figures that are summed element by element."""

    def __init__(self, width: int) -> None:
        self._figures: dict[K, list[int]] = {}
        self._width = width

    def add(self, key: K, figures: Iterable[int]) -> None:
        """Add figures to those of `key`."""
        known = self._figures.setdefault(key, [0] * self._width)
        for at, figure in enumerate(figures):
            known[at] += figure

    def merge(self, other: Sums[K]) -> None:
        """Add everything in `other`."""
        for key, figures in other._figures.items():
            self.add(key, figures)

    def __iter__(self) -> Iterator[tuple[K, list[int]]]:
        return iter(self._figures.items())

    def __getitem__(self, key: K) -> list[int]:
        """Return the figures of `key`, zeros if it has none."""
        return self._figures.get(key, [0] * self._width)


class Least(Generic[K, V]):
    """Maps keys to the `most` values with the lowest ranks, in order. Ranks of one key must
    differ."""

    def __init__(self, most: int = 1) -> None:
        self._kept: dict[K, list[tuple[Any, V]]] = {}
        self._most = most

    def add(self, key: K, rank: Any, value: V) -> None:
        """Add `value`; it is kept if fewer than `most` have a lower rank."""
        kept = self._kept.setdefault(key, [])
        kept.append((rank, value))
        kept.sort(key=lambda item: item[0])
        del kept[self._most :]

    def merge(self, other: Least[K, V]) -> None:
        """Keep the values of both with the lowest ranks."""
        for key, kept in other._kept.items():
            for rank, value in kept:
                self.add(key, rank, value)

    def __getitem__(self, key: K) -> list[V]:
        """Return the values of `key`. Raises KeyError if it has none."""
        return [value for _, value in self._kept[key]]
