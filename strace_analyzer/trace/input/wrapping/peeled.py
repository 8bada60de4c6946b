"""Types shared by the stage and the kinds of wrapping: a Layer removes one wrapping from a text."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Peeled(NamedTuple):
    """The content of a wrapping."""

    text: bytes
    stream: bytes = b""
    """The container or file the line belongs to, if the wrapping says so."""
    goes_on: bool = False
    """The wrapping says that the next line continues this one."""
    depth: int = 1
    """How many times it was wrapped in this kind."""


class Layer(Protocol):
    """One kind of wrapping."""

    @property
    def name(self) -> str:
        """For the report: `read through: NAME`."""
        ...

    @property
    def is_around(self) -> bool:
        """Whether it is on every line; otherwise it shows only on lines with something to
        escape."""
        ...

    def peel(self, text: bytes) -> Peeled | None:
        """Return the content of `text`; None if it is not wrapped in this kind."""
        ...
