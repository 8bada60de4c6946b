"""SARIF 2.1.0, for code-scanning tools: a result per cause, however many processes have it.

The trace is the artifact, the line of the bind the location, the calls of the proof a code flow. A
fingerprint identifies the cause and not the line, so a result is recognized in another trace.
Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TextIO
from urllib.parse import quote

from strace_analyzer.plain import safe
from strace_analyzer.report import document
from strace_analyzer.report.causes import SharedCause, every_cause
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.markdown_text import escaped
from strace_analyzer.report.section import Section
from strace_analyzer.report.suppression import Suppressed
from strace_analyzer.rules.rule import Rule, sections

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 5000
"""the number GitHub keeps per run; causes come worst first"""

_SHOWN = 20
"""destinations per result"""


def write(report: Report, stream: TextIO) -> None:
    """Write the whole log, with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    stream.write(json.dumps(log, indent=1).replace("\x7f", "\\u007f") + "\n")


def _run(report: Report) -> JsonObject:
    selected = report.selected
    wanted = selected.selection.rules
    rules = [rule for rule in selected.analysis.rules if not wanted or rule.id in wanted]
    index = {rule.id: at for at, rule in enumerate(rules)}
    tool = document.tool()
    seen: Counter[tuple[str, str]] = Counter()
    found = every_cause(selected)
    return {
        "tool": {"driver": {**tool, "rules": [_rule(rule) for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.judgement.exit_status != 2,
                "toolExecutionNotifications": _notifications(report, len(found) - MOST_RESULTS),
            }
        ],
        "results": [
            *(_result(*one, index, seen) for one in found[:MOST_RESULTS]),
            *(
                {**_result(*one, index, seen), "suppressions": [_accepted(item)]}
                for item in selected.suppressed
                for one in every_cause(selected, item.groups)
            ),
        ],
        "properties": {"verdict": report.judgement.verdict},
    }


def _rule(rule: type[Rule]) -> JsonObject:
    parts = [(heading, " ".join(text.split())) for heading, text in sections(rule)]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": parts[0][1] if parts else rule.title},
        "help": {
            "text": "\n\n".join(f"{heading}: {text}" for heading, text in parts),
            "markdown": "\n\n".join(f"**{heading}** {escaped(text)}" for heading, text in parts),
        },
        "defaultConfiguration": {"level": "warning"},
    }


def _result(
    cause: SharedCause, section: Section, index: dict[str, int], seen: Counter[tuple[str, str]]
) -> JsonObject:
    """One of `found`. `seen` counts by trace and fingerprint: what other traces are reported with
    it must not change what a result is known by."""
    head = cause.head
    this = (section.trace.id, head.fingerprint)
    seen[this] += 1
    text = safe(cause.message(section))
    advice = section.rule(head).advice(section.case(head)).text
    peers = cause.peers.most_common(_SHOWN)
    return {
        "ruleId": head.rule,
        "ruleIndex": index[head.rule],
        "level": str(head.level),
        "message": {"text": f"{text}. {safe(advice)}" if advice else text},
        "locations": [_location(head.first.source, head.first.line)],
        "codeFlows": [
            {
                "message": {"text": f"The calls of {head.sample.at}, one of {cause.count}"},
                "threadFlows": [
                    {
                        "locations": [
                            {
                                "location": {
                                    **_location(call.source, call.line),
                                    "message": {"text": excerpt(call.text, 200)},
                                }
                            }
                            for call in head.sample.trail
                        ]
                    }
                ],
            }
        ],
        "occurrenceCount": cause.count,
        "partialFingerprints": {"straceAnalyzerCause/v1": f"{head.fingerprint}:{seen[this]}"},
        "properties": {
            "confidence": "probable" if cause.probable == cause.count else "certain",
            "process": head.process.id,
            "processes": cause.processes,
            "command": None if head.process.command is None else safe(head.process.command),
            "fds": list(head.fds),
            "peers": [str(peer) for peer, _ in peers],
        },
    }


def _accepted(item: Suppressed) -> JsonObject:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": safe(item.entry.reason),
    }


def _location(source: str, line: int) -> JsonObject:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(source.encode("utf-8", "surrogateescape"))},
            "region": {"startLine": line},
        }
    }


def _notifications(report: Report, left_out: int) -> list[JsonObject]:
    """Return notifications: what could not be judged, what the traces hide, what is unknown or left
    out."""
    selected = report.selected
    told = [
        ("inconclusive", "error", safe(f"{trace.name}: {trace.inconclusive}"))
        for trace in selected.traces
        if trace.inconclusive is not None
    ]
    told += [
        (item.code, "warning", safe(f"{item.message}. {item.remedy}")) for item in selected.warnings
    ]
    told += [(item.code, "note", safe(f"{item.first}: {item.reason}")) for item in selected.unknown]
    told += [
        (
            f"suppression-{item.state}",
            "warning" if item.state == "expired" else "note",
            safe(str(item)),
        )
        for item in selected.suppressed
        if not item.groups
    ]
    if left_out > 0:
        told.append(("left-out", "warning", f"{left_out} more causes are in --format json"))
    return [
        {"descriptor": {"id": code}, "level": level, "message": {"text": text}}
        for code, level, text in told
    ]
