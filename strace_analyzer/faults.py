"""Takes what is raised by a fault of this package, gives what to report of it: the one place where
such an exception ends, so that it costs a line and not the report."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple

from strace_analyzer.errors import StraceAnalyzerError

FAULT = "this is a fault of strace-analyzer, please report it"
_FRAMES = 3


class Fault(NamedTuple):
    """A line on which this package failed, by a fault of its own."""

    line: int
    """0 where it was no single line."""
    error: str
    """`ValueError: ... (sockaddr.py:73 < calls.py:40)`, innermost first."""


class Guard:
    """Around work that can meet any input. After it `error` is the fault that ended it, None where
    none did. What `passes` is not held up: errors raised on purpose, a lack of memory; interrupts
    and exits pass anyhow."""

    def __init__(
        self, passes: tuple[type[Exception], ...] = (StraceAnalyzerError, MemoryError)
    ) -> None:
        self.error: str | None = None
        self.raised = ""
        """the same without where that was"""
        self._passes = passes

    def __enter__(self) -> None:
        self.error = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, self._passes):
            return False
        import traceback  # here, since it takes long to load and is hardly ever needed

        places = [
            f"{place.filename.rpartition('/')[2]}:{place.lineno}"
            for place in traceback.extract_tb(trace)[: -_FRAMES - 1 : -1]
        ]
        self.raised = f"{type(error).__name__}: {str(error)[:200]}"
        self.error = f"{self.raised} ({' < '.join(places)})"
        return True

    def fault(self, line: int) -> Fault:
        """Of the work just done, on this line."""
        return Fault(line, self.error or "")
