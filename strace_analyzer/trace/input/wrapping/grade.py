"""How much of a record a text is, as the grammar reads it: what every unwrapping is judged by."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum


class Grade(IntEnum):
    """The higher, the surer it is that strace printed this text as one line."""

    FOREIGN = 0
    """Nothing in it is strace's."""
    SUSPECT = 1
    """It shows something that strace prints, not at its beginning; or belongs below a record."""
    BEGUN = 2
    """It begins as a record does, and does not end as one."""
    STRANGE = 3
    """A whole call of a name that no kernel has: maybe the end of a name."""
    OPEN = 4
    """Whole, but strace would have printed more: `= -1` without the error."""
    WHOLE = 5
    """A record."""


Judge = Callable[[bytes], Grade]
"""The grammar's word on a text; the room that decodes gives it."""

Reads = Callable[[bytes], tuple[Grade, bytes]]
"""As Judge, of a text in which something may be escaped: its grade without that, and it without."""
