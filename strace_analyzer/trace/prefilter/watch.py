"""What a reader may ask a model that consumes events, in order to skip lines."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol


class When(Enum):
    """When a call matters to the model."""

    ALWAYS = "always"
    HELD = "its descriptor is one that the model holds"
    COPIED = "its descriptor, or the number that it returns, is one that the model holds"
    GIVEN = "the number that it returns is one that the model still holds"
    OUTGOING = "its descriptor is not that of a connection that came in"
    MOVED = "its descriptor is held, and not quiet or no data were moved"


class ModelView(Protocol):
    """Answers are valid until the next event. A descriptor whose note (-y, -yy) shows a file, a
    pipe or a UNIX socket is never held; `dup` is COPIED whatever its note."""

    @property
    def when(self) -> Mapping[str, When]:
        """Names of calls; a call that is not listed never matters."""
        ...

    @property
    def awaits_children(self) -> bool:
        """Whether a new task may appear, whose first line matters whatever it says."""
        ...

    def is_awaited(self, tid: int) -> bool:
        """While `awaits_children`: whether this task has had no line yet."""
        ...

    @property
    def has_begun(self) -> bool:
        """Whether the model has already been given everything that a call of any name can show."""
        ...

    @property
    def is_unfiltered(self) -> bool:
        """Whether no option of strace filtered calls by name."""
        ...

    def numbers(self, tid: int) -> Mapping[int, Any] | None:
        """The descriptors of this task that the model holds; None if that is not simple to tell."""
        ...

    def holds(self, tid: int, number: int) -> bool:
        """Whether the model holds this one number, also if `numbers` returns None."""
        ...

    @property
    def all_data(self) -> bool:
        """Whether calls that move data are HELD, and not MOVED."""
        ...

    @property
    def has_shown(self) -> bool:
        """Whether some sockets are known only from notes."""
        ...

    def shown(self, tid: int) -> Mapping[int, Any] | None:
        """Those sockets of this task, by number, each with its `note`; None if the task is
        unknown."""
        ...

    def is_quiet(self, held: Any) -> bool:
        """For a value of `numbers`: whether data moved over it is no news."""
        ...

    def is_incoming(self, held: Any) -> bool:
        """For a value of `numbers`: whether it is quiet, and an OUTGOING call on it does not
        matter."""
        ...
