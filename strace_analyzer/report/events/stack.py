"""Parse a line of -k: binary, function, offset and address."""

from __future__ import annotations

import re
from functools import lru_cache

from strace_analyzer.report.events.row import StackFrame

_FRAME = re.compile(
    r"(?P<binary>[^(]*+)\((?P<function>.*?)(?:\+(?P<offset>0x[0-9a-f]+))?\)"
    r"(?: \[(?P<address>0x[0-9a-f]+)\])?",
    re.S,
)
"""`/usr/lib/libc.so.6(connect+0x14) [0x1027f4]`; C++ names contain parentheses too."""
_BINARY = re.compile(r"(.*?) \[(0x[0-9a-f]+)\]", re.S)
"""The same without a function."""


@lru_cache(maxsize=4096)
def stack_frame(text: str) -> StackFrame:
    """Parse the frame printed as `text`. Text that is no frame (an error of strace's unwinder) is
    kept in `binary`."""
    match = _FRAME.fullmatch(text)
    if match is None:
        bare = _BINARY.fullmatch(text)
        return (
            StackFrame(text, None, None, None)
            if bare is None
            else StackFrame(bare[1], None, None, bare[2])
        )
    offset = match["offset"]
    return StackFrame(
        match["binary"],
        match["function"] or None,
        None if offset is None else int(offset, 16),
        match["address"],
    )
