"""Measure the processor time that each room takes of a trace: reading alone, then with the kernel
model, then with everything that is counted (ports, failures), then with the rules.

    python benchmarks/stages.py TRACE [--rounds N]

Each figure is the least of N rounds (3), in one process, so start-up and report are not included.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from strace_analyzer.analysis.corridor import TraceAnalysis
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.kernel import Tracker
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.reader import TraceInput, TraceReader, traces


def read(trace: TraceInput) -> None:
    for _ in TraceReader(trace).batches():
        pass


def model(trace: TraceInput) -> None:
    tracker = Tracker(incoming=False)
    hears: dict[tuple[type, str | None], tuple[Callable[..., None], ...]] = {}
    for events in TraceReader(trace).batches():
        for event in events:
            kind = type(event), event.name if isinstance(event, (Syscall, Entered)) else None
            if kind not in hears:
                hears[kind] = tuple(tracker.listening(*kind))
            for hear in hears[kind]:
                hear(event)
        tracker.taken()
        tracker.doubts.clear()


def analyse(trace: TraceInput, rules: tuple[type[Rule], ...]) -> None:
    analysis = TraceAnalysis(trace.id, trace.name, [trace.name], Settings(rules=rules))
    for events in TraceReader(trace).batches():
        analysis.feed(events)
    analysis.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("trace")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    (trace,) = traces([chosen.trace])
    stages: dict[str, Callable[[], None]] = {
        "read": lambda: read(trace),
        "and the model of the kernel": lambda: model(trace),
        "and what is counted": lambda: analyse(trace, ()),
        "and the rules": lambda: analyse(trace, catalogue()),
    }
    read(trace)  # what is learned of its lines is learned now
    before = 0.0
    for name, stage in stages.items():
        took = []
        for _ in range(chosen.rounds):
            start = time.process_time()
            stage()
            took.append(time.process_time() - start)
        print(f"{min(took):6.2f} s  {min(took) - before:+6.2f} s  {name}")
        before = min(took)


if __name__ == "__main__":
    main()
