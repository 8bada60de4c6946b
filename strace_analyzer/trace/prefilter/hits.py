"""What a search finds: places in a block, each with the reason why its line may matter.

A `Hit` is an integer that combines them, as a block has thousands.
"""

from __future__ import annotations

Hit = int
"""`(place << KIND_BITS) | kind`, perhaps with IDLE; the place is the end of the match."""

KIND_BITS = 5
EXAMINE, HELD, COPIED, GIVEN, OUTGOING, MOVED, RESUMED, RESUMED_GIVEN, SHOWN = range(9)
"""Kinds of hits: a line to examine; the beginning of a call that matters as watch.When says (HELD
to MOVED); the next line of a task that is inside a call, which the sieve adds; the second half of a
call that can return a descriptor; text that only socket calls contain, which matters if no name of
one precedes it."""
IDLE = 1 << KIND_BITS - 1
"""Added to a kind: the line cannot matter if its task holds nothing (idle.py)."""
