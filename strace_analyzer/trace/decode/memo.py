"""Memoise a function of a short text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Worth = TypeVar("Worth")

_MOST = 2_000
_LONGEST = 64


class Remembered(dict[bytes, Worth], Generic[Worth]):
    """Values by text. `Remembered(function).__getitem__` runs in C for a known text, which saves a
    Python call for most numbers and names of a trace."""

    def __init__(self, worth: Callable[[bytes], Worth]) -> None:
        super().__init__()
        self._worth = worth

    def __missing__(self, text: bytes) -> Worth:
        worth = self._worth(text)
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = worth
        return worth
