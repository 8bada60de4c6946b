"""What a model that is fed with events looks at: what a reader may ask it, to skip lines."""

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


class Watch(Protocol):
    """Answers hold until the next event. A descriptor whose note (-y, -yy) names a file, a pipe or
    a UNIX socket is never held; `dup` is COPIED whatever its note."""

    @property
    def when(self) -> Mapping[str, When]:
        """Names of calls; one that is not here never matters."""
        ...

    @property
    def awaits_children(self) -> bool:
        """A task may speak for the first time: whatever it says, the line matters."""
        ...

    def is_awaited(self, tid: int) -> bool:
        """While `awaits_children`: this task has not spoken yet."""
        ...

    @property
    def has_begun(self) -> bool:
        """What any call can tell, whatever its name, has been told."""
        ...

    @property
    def is_unfiltered(self) -> bool:
        """No option of strace's kept calls out of the trace by their names."""
        ...

    def numbers(self, tid: int) -> Mapping[int, Any] | None:
        """The descriptors of this task that the model holds; None where it is not that simple."""
        ...

    def holds(self, tid: int, number: int) -> bool:
        """The same of one number, also where `numbers` gives None."""
        ...

    @property
    def all_data(self) -> bool:
        """Calls that move data are HELD, and not MOVED."""
        ...

    @property
    def has_shown(self) -> bool:
        """Some sockets are known by their notes only."""
        ...

    def shown(self, tid: int) -> Mapping[int, Any] | None:
        """Those of this task, by number, each with its `note`; None for a task that is not
        known."""
        ...

    def is_quiet(self, held: Any) -> bool:
        """With a value of `numbers`: data that were moved over it tell nothing new."""
        ...

    def is_incoming(self, held: Any) -> bool:
        """With a value of `numbers`: it is quiet, and a call that is OUTGOING does not matter."""
        ...
