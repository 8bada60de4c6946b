"""Contain exceptions caused by bugs in this package, so that one costs a line and not the report.
This is the only place that catches them."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple

from strace_analyzer.errors import StraceAnalyzerError

FAULT = "this is a fault of strace-analyzer, please report it"
_FRAMES = 3


class Fault(NamedTuple):
    """A line on which this package failed because of a bug of its own."""

    line: int
    """0 if the fault does not belong to a single line."""
    error: str
    """`ValueError: ... (sockaddr.py:73 < calls.py:40)`, innermost first."""


class Guard:
    """Context manager around work that can meet any input. Afterwards, `error` describes the
    exception that ended it, or is None. Exceptions listed in `passes` are not caught: deliberate
    errors and out-of-memory. Interrupts and exits are never caught."""

    def __init__(
        self, passes: tuple[type[Exception], ...] = (StraceAnalyzerError, MemoryError)
    ) -> None:
        self.error: str | None = None
        self.raised = ""
        """the same, without the location"""
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
        import traceback  # imported here because it is slow to load and rarely needed

        places = [
            f"{place.filename.rpartition('/')[2]}:{place.lineno}"
            for place in traceback.extract_tb(trace)[: -_FRAMES - 1 : -1]
        ]
        self.raised = f"{type(error).__name__}: {str(error)[:200]}"
        self.error = f"{self.raised} ({' < '.join(places)})"
        return True

    def fault(self, line: int) -> Fault:
        """Return the fault of the work just done, attributed to this line."""
        return Fault(line, self.error or "")
