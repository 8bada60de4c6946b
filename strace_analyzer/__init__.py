"""Finds the processes and descriptors in strace output that bind() to a wildcard address before
connect().

Text is parsed into events, events drive a model of the kernel, rules judge every change of the
model, and the results are reported. `__all__` is the public API; everything else may change.
"""

from __future__ import annotations

import strace_analyzer.starting  # noqa: F401  (before all that takes time to load)

# isort: split
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice

from strace_analyzer.analysis import Analysis, Analyzer, analyze
from strace_analyzer.analysis.results import Items, TraceResult
from strace_analyzer.errors import StraceAnalyzerError, TraceError
from strace_analyzer.findings import Confidence, Finding, Level, Summary
from strace_analyzer.findings.group import FailedCalls, Group, PeerCount
from strace_analyzer.findings.lives import Process, ProcessLife, Program, SocketLife
from strace_analyzer.findings.port_use import (
    AddressUse,
    ChosenPorts,
    DestinationUse,
    PortUse,
    ProcessUse,
    TimelinePoint,
)
from strace_analyzer.findings.proof import (
    CallRecord,
    Endpoint,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.findings.unknown import Failure, Unknown
from strace_analyzer.kernel import Step
from strace_analyzer.kernel.option_calls import OptionCall
from strace_analyzer.kernel.socket_state import (
    Binding,
    Connection,
    Ending,
    Evidence,
    Options,
    Origin,
    Outcome,
    Socket,
)
from strace_analyzer.rules import Clean, Flagged, Rule
from strace_analyzer.rules.engine import RuleFailure
from strace_analyzer.rules.evidence import Context, Draft, Held, PortState
from strace_analyzer.rules.rule import Example
from strace_analyzer.rules.traffic import Traffic
from strace_analyzer.rules.words import Advice, Figures
from strace_analyzer.trace.events import (
    Attached,
    Call,
    Command,
    Detached,
    Dump,
    Entered,
    Event,
    Exited,
    Foreign,
    Identified,
    Killed,
    Notice,
    Result,
    SignalDelivered,
    Span,
    Syscall,
    TableRow,
    Unparsed,
)
from strace_analyzer.trace.reader import EventStream
from strace_analyzer.trace.sockaddr import SocketAddress
from strace_analyzer.trace.values import (
    Alternatives,
    Annotated,
    Array,
    Change,
    Commented,
    Designated,
    Elided,
    Expression,
    Field,
    Flags,
    MacroCall,
    Name,
    Named,
    Struct,
    Text,
    Value,
)

__all__ = [
    "AddressUse",
    "Advice",
    "Alternatives",
    "Analysis",
    "Analyzer",
    "Annotated",
    "Argument",
    "Array",
    "Attached",
    "Binding",
    "Call",
    "CallRecord",
    "Change",
    "ChosenPorts",
    "Clean",
    "Command",
    "Commented",
    "Confidence",
    "Connection",
    "Context",
    "Designated",
    "DestinationUse",
    "Detached",
    "Draft",
    "Dump",
    "Elided",
    "Ending",
    "Endpoint",
    "Entered",
    "Event",
    "EventRow",
    "Evidence",
    "Example",
    "Exited",
    "Expression",
    "FailedCalls",
    "Failure",
    "Field",
    "Figures",
    "Finding",
    "Flagged",
    "Flags",
    "Foreign",
    "Group",
    "Held",
    "Identified",
    "Items",
    "Killed",
    "Level",
    "LocalAddress",
    "Location",
    "MacroCall",
    "Name",
    "Named",
    "Notice",
    "OptionCall",
    "Options",
    "Origin",
    "Outcome",
    "PeerCount",
    "PortState",
    "PortUse",
    "Process",
    "ProcessLife",
    "ProcessRef",
    "ProcessUse",
    "Program",
    "Result",
    "Rule",
    "RuleFailure",
    "SignalDelivered",
    "Socket",
    "SocketAddress",
    "SocketKind",
    "SocketLife",
    "Span",
    "StackFrame",
    "Step",
    "StraceAnalyzerError",
    "Struct",
    "Summary",
    "Syscall",
    "TableRow",
    "Text",
    "TimelinePoint",
    "TraceError",
    "TraceResult",
    "Traffic",
    "Unknown",
    "Unparsed",
    "Value",
    "analyze",
    "events",
    "frames",
    "parse",
]


def parse(lines: Iterable[str | bytes]) -> Iterator[Event]:
    """The events of a trace, given as any iterable of lines; every line ends up in some event.

    Raises TypeError for a single string or bytes, which is a text or the name of a file.
    """
    if isinstance(lines, (str, bytes, bytearray)):
        raise TypeError(
            "parse() takes the lines of a trace: an open file, open(path, 'rb'), or "
            "text.splitlines(); of a file by its name: analyze(path), events(path)"
        )
    return _events(lines)


_LINES = 64
"""Taken at once where all are there. The events of many more would be so many objects that Python
looks for cycles among them, again and again (gc.get_threshold()), and there are none."""


def _events(lines: Iterable[str | bytes]) -> Iterator[Event]:
    stream = EventStream("<lines>")
    coming = iter(lines)
    are_there = isinstance(lines, (list, tuple))  # others may be read live
    while some := list(islice(coming, _LINES if are_there else 1)):
        yield from stream.feed(*map(_as_bytes, some))
    yield from stream.close()


def _as_bytes(line: str | bytes) -> bytes:
    return line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line


def __getattr__(name: str) -> object:
    """`frames` needs pandas, which is loaded when it is first asked for and not before; `events`
    needs the room of reports; `__version__` is read from what is installed."""
    if name == "events":
        return import_module("strace_analyzer.report.events.python").events
    if name in ("Argument", "EventRow", "StackFrame"):
        return getattr(import_module("strace_analyzer.report.events.row"), name)
    if name == "frames":
        return import_module("strace_analyzer.report.frames").frames
    if name == "__version__":
        return import_module("strace_analyzer.report.version").version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
