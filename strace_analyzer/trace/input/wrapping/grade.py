"""How far the grammar accepts a text as a record: the measure by which every unwrapping is
judged."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum


class Grade(IntEnum):
    """The higher, the more certain it is that strace printed this text as one line."""

    FOREIGN = 0
    """Nothing in it comes from strace."""
    SUSPECT = 1
    """It contains something that strace prints, but not at its beginning; or it belongs below a
    record."""
    BEGUN = 2
    """It begins like a record, and does not end like one."""
    STRANGE = 3
    """A whole call with a name that no kernel has: perhaps the end of a name."""
    OPEN = 4
    """Whole, but strace would have printed more: `= -1` without the error."""
    WHOLE = 5
    """A record."""


Judge = Callable[[bytes], Grade]
"""Grades a text by the grammar; provided by the room that decodes."""

Reads = Callable[[bytes], tuple[Grade, bytes]]
"""Like Judge, for a text that may be partly escaped: returns its grade without the escapes, and the
text without them."""
