"""Figures by key that are added up, and values of which one stands for all: in whatever order and
however they were split, the same comes of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Sums(Generic[K]):
    """Key -> figures, which are added up one by one."""

    def __init__(self, width: int) -> None:
        self._figures: dict[K, list[int]] = {}
        self._width = width

    def add(self, key: K, figures: Iterable[int]) -> None:
        """Add these to those of `key`."""
        known = self._figures.setdefault(key, [0] * self._width)
        for at, figure in enumerate(figures):
            known[at] += figure

    def merge(self, other: Sums[K]) -> None:
        """Add all of the other's."""
        for key, figures in other._figures.items():
            self.add(key, figures)

    def __iter__(self) -> Iterator[tuple[K, list[int]]]:
        return iter(self._figures.items())

    def __getitem__(self, key: K) -> list[int]:
        """The figures of `key`, zeros where it has none."""
        return self._figures.get(key, [0] * self._width)


class Least(Generic[K, V]):
    """Key -> the `most` values with the least ranks, in order. Two values of a key have never the
    same rank."""

    def __init__(self, most: int = 1) -> None:
        self._kept: dict[K, list[tuple[Any, V]]] = {}
        self._most = most

    def add(self, key: K, rank: Any, value: V) -> None:
        """Keep `value`, if so few have a lower rank."""
        kept = self._kept.setdefault(key, [])
        kept.append((rank, value))
        kept.sort(key=lambda item: item[0])
        del kept[self._most :]

    def merge(self, other: Least[K, V]) -> None:
        """Keep the least of both."""
        for key, kept in other._kept.items():
            for rank, value in kept:
                self.add(key, rank, value)

    def __getitem__(self, key: K) -> list[V]:
        """Raises KeyError where `key` has none."""
        return [value for _, value in self._kept[key]]
