"""The parts of the page that are read first: verdict, findings with advice and proof, what is not
known."""

from __future__ import annotations

from collections.abc import Sequence

from strace_analyzer.plain import count, number, safe
from strace_analyzer.report import proof
from strace_analyzer.report.causes import SharedCause, by_level, every_cause, together
from strace_analyzer.report.cost import meaning
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.gate import grounds
from strace_analyzer.report.grounds import nothing
from strace_analyzer.report.reach import made_of
from strace_analyzer.report.section import Section

_CARDS = 30
_PEERS = 10
_WORST = 12
"""processes listed per cause"""
_IN_FULL = 3
"""with more causes than this, the headline is about all of them together"""
_HEADLINES = {
    "findings": "Something was found",
    "clean": "Clean",
    "no-connections": "No outgoing connections",
    "inconclusive": "Inconclusive",
}


def outline(report: Report) -> JsonObject:
    """Return the headline with its level, and figures of what was looked at."""
    selected, judgement = report.selected, report.judgement
    lines = sum(source.lines for trace in selected.traces for source in trace.sources)
    unread = sum(source.unparsed for trace in selected.traces for source in trace.sources)
    found = every_cause(selected)
    none = nothing(grounds(selected, report.gate))
    headline = none.capitalize() or _HEADLINES[judgement.verdict]
    level = {"clean": "good", "findings": "note"}.get(judgement.verdict, "doubt")
    if found and judgement.verdict == "findings":
        headline, level = _headline(found)
    levels = by_level(cause for cause, _ in found)
    figures = [
        ("Outgoing TCP connections", made_of(judgement.made, judgement.connections)),
        *((f"{str(name).capitalize()}s", number(value)) for name, value in levels.items()),
        ("Findings", number(sum(cause.count for cause, _ in found))),
        *([("Suppressed", number(judgement.suppressed))] if selected.suppressed else []),
        ("Processes", number(len(selected.processes))),
        ("Lines read", number(lines)),
        *([("Lines not understood", number(unread))] if unread else []),
    ]
    return {
        "verdict": judgement.verdict,
        "level": level,
        "headline": headline,
        "traces": [safe(trace.name) for trace in selected.traces],
        "figures": figures,
        "suppressed": [safe(str(item)) for item in selected.suppressed],
        "left_out": max(0, len(found) - _CARDS),
    }


def _headline(found: Sequence[tuple[SharedCause, Section]]) -> tuple[str, str]:
    """Return the headline of the trace with the worst cause, and its level."""
    worst, section = found[0]
    same = [cause for cause, other in found if other is section]
    if worst.processes > 1 or len(same) > _IN_FULL:
        said = together(same, section)
    else:
        said = section.rule(worst.head).summary(section.case(worst.head))
    return safe(said), str(worst.head.level)


def cards(report: Report) -> list[JsonObject]:
    """Return a card for each cause, the worst first; a cause of many processes is one card."""
    found = every_cause(report.selected)
    return [_card(cause, section) for cause, section in found[:_CARDS]]


def _card(cause: SharedCause, section: Section) -> JsonObject:
    group = cause.head
    rule, case = section.rule(group), section.case(group)
    advice = rule.advice(case)
    places = cause.places(section, _PEERS)
    more = len(places.left_out)
    several = cause.processes > 1
    shared = cause.shared_by(section)
    return {
        "level": str(group.level),
        "probable": cause.probable == cause.count,
        "rule": group.rule,
        "fingerprint": ", ".join(cause.fingerprints()),
        "shared_by": f" ({shared})" if shared else "",
        "message": safe(cause.message(section)),
        "worst": cause.worst(_WORST).removesuffix(": --all") if several else "",
        "advice": [safe(line) for line in (*advice.lines, advice.caution) if line],
        "meaning": safe(meaning(group, section)),
        "headings": places.headings,
        "numbers": places.numbers,
        "peers": [tuple(map(safe, row)) for row in places.rows],
        "more": f"and {count(more, 'more destination')}" if more > 0 else "",
        "why": [safe(line) for line in rule.why(case)],
        "proof": cause.proof(section),
        "calls": [
            {
                "line": row.place,
                "thread": row.thread,
                "text": excerpt(row.call.text, 100),
                "remark": row.remark,
                "tells": row.tells,
            }
            for row in proof.shown(proof.calls(group), group, section)
        ],
    }
