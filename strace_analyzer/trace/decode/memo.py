"""Memoise a function of a short text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 2_000
_LONGEST = 64


class Remembered(dict[bytes, T], Generic[T]):
    """Values by text. `Remembered(function).__getitem__` runs in C for a known text, which saves a
    Python call for most numbers and names of a trace."""

    def __init__(self, value: Callable[[bytes], T]) -> None:
        super().__init__()
        self._value = value

    def __missing__(self, text: bytes) -> T:
        value = self._value(text)
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = value
        return value
