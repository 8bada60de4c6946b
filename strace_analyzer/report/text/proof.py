"""The proof of a group: the calls of one finding with line numbers and what each shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import CallRecord, Group
from strace_analyzer.plain import count, number, safe
from strace_analyzer.report import proof as told
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import FAINT, HEADING, INDENT, indented, path
from strace_analyzer.rules.runtimes import naming_the_line

_CALLS = 10
_ROLES = ("bind", "connect")
"""of the calls shown even if there is little room"""
_NARROW = 84
"""below this width, a remark is under its call and not next to it"""


def proof(group: Group, section: Section) -> Iterator[RenderableType]:
    """Yield the title with file and thread, one row per call, and the stack of bind() if there is
    one."""
    finding = group.sample
    calls = told.calls(group)
    yield from _title(group, section)
    yield indented(_rows(calls, *_most_telling(calls, section.everything), group, section))
    bind = finding.calls.get("bind")
    if bind is not None and bind.stack:
        yield indented(Text("called from", style=FAINT), left=9)
        for frame in bind.stack[: None if section.everything else 6]:
            yield path(safe(frame.strip()), left=11)
        named = naming_the_line(finding.process.command, section.process(group))
        if named is not None:
            yield indented(Text(named, style=FAINT), left=9)


def in_short(group: Group, section: Section) -> Iterator[RenderableType]:
    """Yield the title, bind() and connect(), or the last call if the proof has neither."""
    calls = told.calls(group)
    shown = [group.sample.calls[role] for role in _ROLES if role in group.sample.calls]
    shown = shown or list(calls[-1:])
    yield from _title(group, section)
    yield indented(_rows(calls, shown, len(calls) - len(shown), group, section))


def in_a_line(group: Group) -> str:
    """Format `trace.txt, line 403 bind, 405 connect`."""
    calls, at = group.sample.calls, group.sample.at
    lines = []
    for role in _ROLES:
        if role in calls:
            call = calls[role]
            other = f" in {Path(call.source).name}" if call.source != at.source else ""
            lines.append(f"{call.line:,} {role}{other}")
    return safe(f"{at.source}, line {', '.join(lines) or number(at.line)}")


def _title(group: Group, section: Section) -> Iterator[RenderableType]:
    """Yield `Proof  trace.txt, thread 4519 (of 20), first of 40`, on two lines if it is wider than
    the page."""
    title = path("Proof  ", HEADING, left=INDENT)
    title.append(told.source(group), style="not bold")
    words = told.which(group, section)
    if len(title.plain) + len(words) <= section.width:
        title.append(words, style="not bold")
        yield title
        return
    yield title
    if words:
        yield indented(Text(words.removeprefix(", ")), left=INDENT + len("Proof  "))


def _rows(
    calls: Sequence[CallRecord],
    shown: Sequence[CallRecord],
    left_out: int,
    group: Group,
    section: Section,
) -> RenderableType:
    """Return the calls `shown`: line, thread if there are several, call, and next to it what the
    call shows."""
    rows = told.shown(shown, group, section)
    places = [row.place for row in rows]
    place_width = max(5, *map(len, places))
    remarks = [row.remark for row in rows]
    threads = [f"{row.thread} " if row.thread else "" for row in rows]
    room = section.width - 2 - place_width - 2 - max(map(len, threads))
    beside = section.width >= _NARROW
    quotes = [
        excerpt(call.text, room - 2 - len(said) if said and beside else room)
        for call, said in zip(shown, remarks, strict=True)
    ]
    # one column for remarks; a long call pushes its own aside rather than lose its address
    column = min(
        max([len(q) for q, said in zip(quotes, remarks, strict=True) if said], default=0),
        room - 2 - max(map(len, remarks)),
    )
    more = Text(f"{count(left_out, 'more call')}: --all", style=FAINT)
    lines = []
    for at in range(len(rows)):
        if left_out and at == max(0, len(shown) - 2):
            lines.append(_line("...", place_width, more))
        quote = Text()
        quote.append(threads[at], style=FAINT)
        quote.append(quotes[at], style="bold" if rows[at].tells else "")
        if remarks[at] and beside:
            quote.append(" " * max(2, column - len(quotes[at]) + 2))
            quote.append(remarks[at], style=FAINT)
        lines.append(_line(places[at], place_width, quote))
        if remarks[at] and not beside:
            lines.append(_line("", place_width, Text(f"  {remarks[at]}", style=FAINT)))
    return Stack(*lines)


def _line(place: str, width: int, quote: Text) -> Text:
    line = Text(f"{place:>{width}}  ", style="", no_wrap=True, overflow="ellipsis")
    line.stylize(FAINT)
    return line.append_text(quote)


def _most_telling(
    calls: Sequence[CallRecord], everything: bool
) -> tuple[Sequence[CallRecord], int]:
    """Return the first eight and the last two calls of a long trail, and how many are left out."""
    if everything or len(calls) <= _CALLS:
        return calls, 0
    return [*calls[: _CALLS - 2], *calls[-2:]], len(calls) - _CALLS
