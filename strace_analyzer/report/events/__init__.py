"""Every event of a trace as a row: Python values, JSON lines, CSV and Parquet (docs/events.md lists
the columns)."""

from strace_analyzer.report.events.follow import rows
from strace_analyzer.report.events.row import Argument, EventRow, StackFrame

__all__ = ["Argument", "EventRow", "StackFrame", "rows"]
