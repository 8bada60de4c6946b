"""Markdown for tickets and CI summaries: short, with the evidence folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from strace_analyzer.plain import count, number
from strace_analyzer.report.causes import SharedCause, every_cause, levels
from strace_analyzer.report.compare import Comparison, figures, headline, kind_of
from strace_analyzer.report.cost import meaning
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import MergedReport, Report
from strace_analyzer.report.markdown_text import escaped, fenced, table_of
from strace_analyzer.report.merged.tables import for_people, heading, tables, used
from strace_analyzer.report.merged.words import extent, together
from strace_analyzer.report.not_known import not_known
from strace_analyzer.report.reach import reach
from strace_analyzer.report.rows import NUMBER
from strace_analyzer.report.section import Section

_CAUSES = 20
_PEERS = 10
_TOO_WIDE = frozenset({"message", "files", "connected", "processes", "call_site"})
"""columns of a merged report that Markdown leaves out"""


def write(report: Report, stream: TextIO) -> None:
    """Write the whole report."""
    stream.writelines(_parts(report))


def comparison(made: Comparison, stream: TextIO) -> None:
    """Write what a fix changed."""
    stream.write(f"### {escaped(headline(made))}\n\n")
    rows = [(name, number(was), number(now)) for name, was, now in figures(made)]
    stream.write(table_of(("", "Before", "After"), rows, numbers=2))
    if made.changes:
        head = ("", "Level", "Rule", "Program", "Local", "Destination", "Before", "After")
        changes = [
            (kind_of(item), item.level, *item.cause, number(item.before), number(item.after))
            for item in made.changes
        ]
        stream.write("\n" + table_of(head, changes, numbers=2))
    stream.write(f"\nbefore: {escaped(made.before.name)}; after: {escaped(made.after.name)}\n")


def merged(report: MergedReport, stream: TextIO) -> None:
    """Write a merged report: the summary sentence, then the tables."""
    stream.write(f"### strace-analyzer: {escaped(together(report.made))}\n\n")
    stream.write(f"{escaped(extent(report.made))}\n")
    for table in tables(report.made):
        rows, columns = list(table.rows()), list(table.columns)
        shown = rows if report.everything else rows[: table.shown]
        kept = [at for at in used(table) if columns[at] not in _TOO_WIDE]
        names = [columns[at] for at in kept]
        cells = [
            [for_people(name, row[at]) for name, at in zip(names, kept, strict=True)]
            for row in shown
        ]
        stream.write(f"\n#### {table.title}\n\n")
        flush = [at for at, name in enumerate(names) if table.columns[name] == NUMBER]
        stream.write(table_of([heading(name) for name in names], cells, flush))
        if len(shown) < len(rows):
            stream.write(f"\n{count(len(rows) - len(shown), 'more row')}: `--all`\n")


def _parts(report: Report) -> Iterator[str]:
    selected, judgement = report.selected, report.judgement
    yield f"### strace-analyzer: {judgement.verdict}\n\n"
    yield _line(report)
    if selected.suppressed:
        yield "\n"
        yield from (f"- {escaped(str(item))}\n" for item in selected.suppressed)
    found = every_cause(selected)
    shown = found if report.everything else found[:_CAUSES]
    for cause, section in shown:
        yield "\n"
        yield from _cause(cause, section)
    if len(shown) < len(found):
        yield f"\n{count(len(found) - len(shown), 'more cause')}: `--all`\n"
    yield from _ports(report)
    yield from _not_known(report)


def _line(report: Report) -> str:
    """Return what was looked at, and the result."""
    selected, judgement = report.selected, report.judgement
    lines = sum(source.lines for trace in selected.traces for source in trace.sources)
    causes = [cause for cause, _ in every_cause(selected)]
    findings = count(sum(cause.count for cause in causes), "finding")
    found = f"{levels(causes)} ({findings}); " if causes else ""
    names = ", ".join(escaped(trace.name) for trace in selected.traces[:3])
    more = f" and {len(selected.traces) - 3} more" if len(selected.traces) > 3 else ""
    return (
        f"{found}{reach(judgement.made, judgement.connections)} judged in "
        f"{count(lines, 'line')} of {names}{more}.\n"
    )


def _cause(cause: SharedCause, section: Section) -> Iterator[str]:
    group = cause.head
    sure = "probable " if cause.probable == cause.count else ""
    yield f"**{sure}{group.level}: {escaped(cause.message(section))}** (`{group.rule}`)\n"
    if cause.processes > 1:
        yield f"\nMost: {escaped(cause.worst())}\n"
    if means := meaning(group, section):
        yield f"\n{escaped(means)}\n"
    places = cause.places(section, _PEERS)
    if places.rows:
        columns = range(1, 1 + places.numbers)
        yield "\n"
        yield table_of(places.headings, places.rows, columns)
        if places.left_out:
            yield f"\nand {count(len(places.left_out), 'more destination')}\n"
    advice = section.rule(group).advice(section.case(group)).text
    if advice:
        yield f"\n**Fix:** {escaped(advice)}\n"
    yield f"\n<details><summary>Proof: {escaped(cause.proof(section))}</summary>\n\n"
    yield fenced(f"{call.line:>6}  {excerpt(call.text, 100)}" for call in group.sample.trail)
    shared = cause.shared_by(section)
    more = f" ({escaped(shared)})" if shared else ""
    yield f"\nFingerprint, to suppress it: {', '.join(cause.fingerprints())}{more}\n"
    yield "\n</details>\n"


def _ports(report: Report) -> Iterator[str]:
    rows = [
        (
            trace.name,
            use.namespace,
            number(use.peak_pinned),
            number(use.peak_needed),
            number(use.range[1] - use.range[0] + 1),
        )
        for trace in report.selected.traces
        for use in trace.ports
        if use.total_pinned
    ]
    if rows:
        yield "\n"
        yield table_of(
            ("Trace", "Network namespace", "Ports pinned", "Ports needed", "Ports of the range"),
            rows,
            numbers=3,
        )


def _not_known(report: Report) -> Iterator[str]:
    lines = [
        f"{escaped(item.about)}: {escaped(item.what)}"
        + (f". {escaped(item.remedy)}" if item.remedy else "")
        for item in not_known(report.selected)
    ]
    if lines:
        yield "\n**Not known**\n\n"
        yield from (f"- {line}\n" for line in lines)
