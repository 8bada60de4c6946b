"""All formats describe the same selection: the findings, or the groups, in each are the same set."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.findings import Level
from strace_analyzer.report.cause import of_finding
from strace_analyzer.report.causes import every_cause
from strace_analyzer.report.formats.registry import report_formats
from strace_analyzer.report.moment import Moment
from strace_analyzer.report.selection import Selected, Selection
from strace_analyzer.report.suppression import Suppression

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
RULE = "bind-any-port-zero"
Found = Counter[object]


@cache
def analyzed(path: Path) -> sa.Analysis:
    return sa.analyze(path)


def by_finding(selected: Selected) -> Found:
    return Counter((str(item.at), item.rule, str(item.level)) for item in selected.findings())


def by_group(selected: Selected) -> Found:
    return Counter((str(item.first), item.rule, str(item.level)) for item in selected.groups)


def by_rule(selected: Selected) -> Found:
    """How many groups each rule has."""
    return Counter(item.rule for item in selected.groups)


def by_cause(selected: Selected) -> Found:
    """How many causes each rule has."""
    return Counter(cause.head.rule for cause, _ in every_cause(selected))


def rules(selected: Selected) -> Found:
    return Counter({item.rule for item in selected.groups})


def fingerprints(selected: Selected) -> Found:
    return Counter({item.fingerprint for item in selected.groups})


def by_line(selected: Selected) -> Found:
    calls = [(item, item.calls.get("bind")) for item in selected.findings()]
    return Counter((str(item.level), bind.line if bind else item.at.line) for item, bind in calls)


def of_text(report: str) -> Found:
    _, _, listing = report.rpartition("LEVEL    PROCESS ")
    found = re.findall(r"^(note|warning|error)\?? +\S.*?\[[\d?]+\] +(\d+) ", listing, re.M)
    return Counter((level, int(line)) for level, line in found)


def of_json(report: str) -> Found:
    found = json.loads(report)["findings"]
    return Counter((item["at"], item["rule"], item["level"]) for item in found)


def of_jsonl(report: str) -> Found:
    lines = [json.loads(line) for line in report.splitlines()]
    found = [line for line in lines if line["type"] == "finding"]
    return Counter((item["at"], item["rule"], item["level"]) for item in found)


def of_concise(report: str) -> Found:
    found = re.findall(r"^(\S+:\d+): (note|warning|error): ([a-z-]+): ", report, re.M)
    return Counter((at, rule, level) for at, level, rule in found)


def of_github(report: str) -> Found:
    levels = {"notice": "note"}
    found = re.findall(
        r"^::(\w+) file=(\S+?),line=(\d+),title=([a-z-]+) \((?:certain|probable)\)::", report, re.M
    )
    return Counter((f"{file}:{line}", rule, levels.get(n, n)) for n, file, line, rule in found)


def of_junit(report: str) -> Found:
    found: Found = Counter()
    for case in ET.fromstring(report).iter("testcase"):
        texts = [part.text or "" for part in case if part.tag in ("failure", "system-out")]
        levels = re.findall(r"^(?:note|warning|error): ", "\n".join(texts), re.M)
        found[case.get("name")] += len(levels)
    return +found


def of_markdown(report: str) -> Found:
    return Counter(re.findall(r"^\*\*.*\*\* \(`([a-z-]+)`\)$", report, re.M))


def of_sarif(report: str) -> Found:
    found = json.loads(report)["runs"][0]["results"]
    places = [
        item["locations"][0]["physicalLocation"] for item in found if "suppressions" not in item
    ]
    return Counter(
        (
            f"{at['artifactLocation']['uri']}:{at['region']['startLine']}",
            item["ruleId"],
            item["level"],
        )
        for at, item in zip(places, found, strict=False)
    )


def of_html(report: str) -> Found:
    return Counter(set(re.findall(r"Rule <code>([a-z-]+)</code>", unescape(report))))


def of_trace_events(report: str) -> Found:
    spans = [event for event in json.loads(report)["traceEvents"] if event["ph"] == "b"]
    said = [event["args"].get("verdict", "") for event in spans]
    return Counter(
        {m[1] for text in said if (m := re.match(r"(?:note|warning|error): (\S+)", text))}
    )


def of_suppressions(report: str) -> Found:
    return Counter(re.findall(r'^fingerprint = "(\w+)"$', report, re.M))


READERS: dict[str, tuple[Callable[[str], Found], Callable[[Selected], Found]]] = {
    "text": (of_text, by_line),  # with --all
    "concise": (of_concise, by_finding),
    "json": (of_json, by_finding),
    "jsonl": (of_jsonl, by_finding),
    "github": (of_github, by_group),
    "sarif": (of_sarif, by_group),
    "junit": (of_junit, by_rule),
    "markdown": (of_markdown, by_cause),
    "html": (of_html, rules),
    "trace-events": (of_trace_events, rules),
    "suppressions": (of_suppressions, fingerprints),
}

CHOICES: dict[str, Callable[[sa.Analysis], Selection]] = {
    "everything": lambda made: Selection(),
    "rule": lambda made: Selection(rules=frozenset({RULE})),
    "level": lambda made: Selection(level=Level.WARNING),
    "process": lambda made: Selection(pids=frozenset({made.processes[-1].tgid or 0})),
    "suppressed": lambda made: Selection(
        suppressions=tuple(Suppression(group.fingerprint, "known") for group in made.groups[:1])
    ),
    "baseline": lambda made: Selection(known=frozenset(map(of_finding, made.findings[:1]))),
}


def test_every_format_is_read_here() -> None:
    assert set(READERS) == set(report_formats())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("choice", CHOICES)
def test_all_formats_have_the_same(choice: str, path: Path) -> None:
    made = analyzed(path)
    selection = CHOICES[choice](made)
    selected = Selected(made, selection)
    for format, (read, expected) in READERS.items():
        report = written(format, made, selection, everything=True)
        assert read(report) == expected(selected), format


def test_a_time_window_is_the_same_in_all() -> None:
    (path,) = (path for path in SAMPLES if path.stem.endswith("yy-tt-T"))
    made = analyzed(path)
    selection = Selection(since=Moment(elapsed=1.0), until=Moment(elapsed=1.2))
    selected = Selected(made, selection)
    assert 0 < by_finding(selected).total() < len(made.findings)
    for format, (read, expected) in READERS.items():
        assert read(written(format, made, selection, everything=True)) == expected(selected), format
