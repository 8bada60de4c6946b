"""A report in, the parts that are read first out: verdict, findings with advice and proof, what is
not known."""

from __future__ import annotations

from strace_analyzer.findings import Confidence, Group
from strace_analyzer.plain import count, number, safe
from strace_analyzer.report import document
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.selection import Selected

_CARDS = 30
_PEERS = 12
_HEADLINES = {
    "findings": "Something was found",
    "clean": "Clean",
    "no-connections": "No outgoing connections",
    "inconclusive": "Inconclusive",
}


def outline(report: Report) -> JsonObject:
    """The headline with its level, and figures of what was looked at."""
    selected, judgement = report.selected, report.judgement
    lines = sum(source.lines for trace in selected.traces for source in trace.sources)
    unread = sum(source.unparsed for trace in selected.traces for source in trace.sources)
    worst = selected.groups[0] if selected.groups else None
    headline = _HEADLINES[judgement.verdict]
    level = {"clean": "good", "findings": "note"}.get(judgement.verdict, "doubt")
    if worst is not None and judgement.verdict == "findings":
        headline = safe(document.group(worst, selected)["message"])
        level = str(worst.level)
    figures = [
        ("Outgoing TCP connections", number(judgement.connections)),
        ("Errors", number(judgement.error)),
        ("Warnings", number(judgement.warning)),
        ("Notes", number(judgement.note)),
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
        "left_out": max(0, len(selected.groups) - _CARDS),
    }


def cards(report: Report) -> list[JsonObject]:
    """A card for each group, the worst first."""
    return [_card(group, report.selected) for group in report.selected.groups[:_CARDS]]


def _card(group: Group, selected: Selected) -> JsonObject:
    made = document.group(group, selected)
    rule, case = selected.rules[group.rule], selected.case(group)
    advice = rule.advice(case)
    more = len(group.peers) - _PEERS
    return {
        "level": str(group.level),
        "probable": group.confidence is Confidence.PROBABLE,
        "rule": group.rule,
        "fingerprint": group.fingerprint,
        "message": safe(made["message"]),
        "who": safe(advice.who),
        "advice": [safe(line) for line in (*advice.sentences, advice.caution) if line],
        "count": number(group.count),
        "peers": [
            (safe(str(peer.peer)), number(peer.count), number(peer.connected))
            for peer in group.peers[:_PEERS]
        ],
        "more": f"and {count(more, 'more destination')}" if more > 0 else "",
        "at": safe(str(group.sample.at)),
        "why": [safe(line) for line in rule.why(case)],
        "calls": [
            {
                "line": number(call.line),
                "text": excerpt(call.text, 100),
                "remark": safe(rule.remark(call, group.sample)),
                "tells": call.role in ("bind", "connect"),
            }
            for call in group.sample.trail
        ],
    }


def not_known(selected: Selected) -> list[tuple[str, str, str]]:
    """What it is about, what is not known, and what would help."""
    names = {trace.id: safe(trace.name) for trace in selected.traces}
    told = [
        (names[trace.id], safe(trace.inconclusive), "")
        for trace in selected.traces
        if trace.inconclusive is not None
    ]
    for warning in selected.warnings:
        about = names.get(warning.trace, warning.trace)
        told.append((about, safe(warning.message), safe(warning.remedy)))
    for item in selected.unknown:
        told.append((safe(str(item.first)), safe(f"{item.reason} ({number(item.count)})"), ""))
    return told
