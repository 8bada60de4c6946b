"""The types between the stage and the kinds of wrapping: a Layer peels a text off its wrapping."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Peeled(NamedTuple):
    """What was in a wrapping."""

    text: bytes
    stream: bytes = b""
    """Whose line it is, where the wrapping says so: a container, a file."""
    goes_on: bool = False
    """The wrapping says that the next line is the rest of this one."""
    depth: int = 1
    """How often it was wrapped in this kind."""


class Layer(Protocol):
    """One kind of wrapping."""

    @property
    def name(self) -> str:
        """For the report: `read through: NAME`."""
        ...

    @property
    def is_around(self) -> bool:
        """It stands on every line; otherwise only lines with something to escape show it."""
        ...

    def peel(self, text: bytes) -> Peeled | None:
        """What is in it; None where `text` is not wrapped in this kind."""
        ...
