"""Sentences of a merged report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from strace_analyzer.plain import count, number
from strace_analyzer.report.grounds import decide, nothing
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.reach import reach


def together(made: Merged) -> str:
    """Format `findings: 3 errors, 40 warnings in 12 of 400 traces, of 5 hosts`, or the verdict in
    its own words."""
    verdict, _ = decide(made.grounds)
    traces = count(made.total("traces"), "trace")
    hosts = sum(1 for _ in made.hosts)
    if hosts > 1:
        traces += f" of {count(hosts, 'host')}"
    if not sum(made.grounds.levels):
        return f"{nothing(made.grounds) or verdict.replace('-', ' ')}: {traces}"
    names = ("error", "warning", "note")
    found = [
        count(value, name) for value, name in zip(made.grounds.levels, names, strict=True) if value
    ]
    hit = sum(1 for row in made.rows() if row.parts)
    return f"{', '.join(found)} in {number(hit)} of {traces}"


def of_cause(figures: Sequence[int]) -> str:
    """Format how often a cause was found: `40 findings (2 probable), 1 failed, of 3 processes in 2
    traces`; `figures` are those of Merged.CAUSE."""
    findings, probable, _, failed, processes, traces = figures
    sure = f" ({number(probable)} probable)" if probable else ""
    bad = f", {number(failed)} failed" if failed else ""
    return (
        f"{count(findings, 'finding')}{sure}{bad} of "
        f"{count(processes, 'process', 'processes')} in {count(traces, 'trace')}"
    )


def extent(made: Merged) -> str:
    """Format what was looked at: `1,204 outgoing TCP connections, 310 bound early, 4 failed;
    105,173 lines, 98,020 calls, all understood; 1 trace could not be read.`"""
    known = made.grounds
    early = sum(figures[made.HOST.index("early_bound")] for _, figures in made.hosts)
    unparsed = made.total("unparsed")
    said = [
        f"{reach(known.made, known.connections)}, {number(early)} bound early, "
        f"{number(known.failed_connections)} failed",
        *_other_failures(made),
        f"{count(made.total('lines'), 'line')}, {count(made.total('calls'), 'call')}, "
        + ("all understood" if not unparsed else f"{number(unparsed)} not understood"),
    ]
    if made.total("not_read"):
        said.append(f"{count(made.total('not_read'), 'trace')} could not be read")
    if made.total("unmatched"):
        said.append(f"{count(made.total('unmatched'), 'trace')} without what was asked for")
    return "; ".join(said) + "."


_OTHERS = ("bind", "listen", "socket")
"""calls whose failure leaves no connection that would be counted"""


def _other_failures(made: Merged) -> Iterator[str]:
    """Yield `38 bind(), 1 listen() failed`; nothing if none failed."""
    times = Counter[str]()
    for (call, *_), (calls, _) in made.failures:
        times[call] += calls
    told = [f"{number(times[call])} {call}()" for call in _OTHERS if times[call]]
    if told:
        yield f"{', '.join(told)} failed"
