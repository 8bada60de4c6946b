"""What was found in, SARIF 2.1.0 out, for code-scanning tools: a result for each group.

The trace is the artifact, the line of the bind the location, the calls of the proof a code flow. A
fingerprint is of the cause and not of the line, so a result is known again in another trace.
Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TextIO
from urllib.parse import quote

from strace_analyzer.findings import Group
from strace_analyzer.plain import safe
from strace_analyzer.report import document
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.markdown_text import escaped
from strace_analyzer.report.suppression import Suppressed
from strace_analyzer.rules.rule import Rule, sections

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 5000
"""what GitHub keeps of one run; groups come worst first"""


def write(report: Report, stream: TextIO) -> None:
    """The whole log, of one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    stream.write(json.dumps(log, indent=1).replace("\x7f", "\\u007f") + "\n")


def _run(report: Report) -> JsonObject:
    selected = report.selected
    wanted = selected.selection.rules
    rules = [rule for rule in selected.analysis.rules if not wanted or rule.id in wanted]
    index = {rule.id: at for at, rule in enumerate(rules)}
    tool = document.tool()
    seen: Counter[str] = Counter()
    return {
        "tool": {"driver": {**tool, "rules": [_rule(rule) for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.judgement.exit_status != 2,
                "toolExecutionNotifications": _notifications(report),
            }
        ],
        "results": [
            *(_result(group, report, index, seen) for group in selected.groups[:MOST_RESULTS]),
            *(
                {**_result(group, report, index, seen), "suppressions": [_accepted(item)]}
                for item in selected.suppressed
                for group in item.groups
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


def _result(group: Group, report: Report, index: dict[str, int], seen: Counter[str]) -> JsonObject:
    made = document.group(group, report.selected)
    seen[group.fingerprint] += 1
    text = safe(made["message"])
    return {
        "ruleId": group.rule,
        "ruleIndex": index[group.rule],
        "level": str(group.level),
        "message": {"text": f"{text}. {safe(made['advice'])}" if made["advice"] else text},
        "locations": [_location(group.first.source, group.first.line)],
        "codeFlows": [
            {
                "message": {"text": f"The calls of {group.sample.at}, one of {group.count}"},
                "threadFlows": [
                    {
                        "locations": [
                            {
                                "location": {
                                    **_location(call.source, call.line),
                                    "message": {"text": excerpt(call.text, 200)},
                                }
                            }
                            for call in group.sample.trail
                        ]
                    }
                ],
            }
        ],
        "occurrenceCount": group.count,
        "partialFingerprints": {
            "straceAnalyzerCause/v1": f"{group.fingerprint}:{seen[group.fingerprint]}"
        },
        "properties": {
            "confidence": group.confidence.value,
            "process": group.process.id,
            "command": None if group.process.command is None else safe(group.process.command),
            "fds": list(group.fds),
            "peers": [str(peer.peer) for peer in group.peers[:20]],
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


def _notifications(report: Report) -> list[JsonObject]:
    """What could not be judged, what the traces hide, what is unknown, what was left out."""
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
    left_out = len(selected.groups) - MOST_RESULTS
    if left_out > 0:
        told.append(("left-out", "warning", f"{left_out} more groups are in --format json"))
    return [
        {"descriptor": {"id": code}, "level": level, "message": {"text": text}}
        for code, level, text in told
    ]
