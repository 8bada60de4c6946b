"""Count how often a trace contradicts the model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from strace_analyzer.kernel import Tracker
from strace_analyzer.trace.reader import TraceReader, traces

CODES = ("impossible-result", "number-given-twice")


def contradictions(path: Path) -> Counter[str]:
    """Return the doubts that say so, by code. Raises TraceError if the trace contains no call."""
    (trace,) = traces([str(path)])
    reader, tracker = TraceReader(trace), Tracker(incoming=True)
    if not reader.is_ordered:
        tracker.keep_order()
    found: Counter[str] = Counter()
    for events in reader.batches():
        for event in events:
            tracker.feed(event)
            found.update(doubt.code.value for doubt in tracker.doubts)
            tracker.doubts.clear()
    return Counter({code: found[code] for code in found if code in CODES})
