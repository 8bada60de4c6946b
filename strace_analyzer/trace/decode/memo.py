"""A function of a short text -> the same, with the texts that come again and again remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Worth = TypeVar("Worth")

_MOST = 10_000
_LONGEST = 64


class Remembered(dict[bytes, Worth], Generic[Worth]):
    """What texts are worth. `Remembered(worth).__getitem__` is a function that runs in C for a text
    that it knows, which saves a call of Python's own for most numbers and names of a trace."""

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
