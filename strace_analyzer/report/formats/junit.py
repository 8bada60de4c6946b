"""JUnit XML: a test suite per trace, with a test case per rule.

A case fails if a finding of its rule is at or above the gate; findings below are in its output. A
trace that could not be judged is an error, and so is all else that makes the exit status not 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO
from xml.etree import ElementTree as ET

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import Group
from strace_analyzer.plain import count, safe
from strace_analyzer.report import document
from strace_analyzer.report.brief import brief
from strace_analyzer.report.cannot_tell import CANNOT_TELL
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.unsettled import unsettled


def write(report: Report, stream: TextIO) -> None:
    """Write the whole document."""
    root = ET.Element("testsuites", name="strace-analyzer")
    for trace in report.selected.traces:
        root.append(_suite(trace, report))
    reasons = unsettled(report)
    if reasons:
        root.append(_beside(reasons, report.judgement.exit_status))
    _write(root, stream)


def unreadable(reasons: Sequence[str], stream: TextIO) -> None:
    """Write the document of traces of which none could be read."""
    root = ET.Element("testsuites", name="strace-analyzer")
    root.append(_beside(reasons, CANNOT_TELL))
    _write(root, stream)


def _write(root: ET.Element, stream: TextIO) -> None:
    _add_up(root, root.findall("testsuite"))
    ET.indent(root)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(ET.tostring(root, encoding="us-ascii").decode("ascii") + "\n")


def _suite(trace: TraceResult, report: Report) -> ET.Element:
    name = safe(trace.name)
    suite = ET.Element("testsuite", name=name)
    rules = report.selected.selection.rules
    judged = ET.SubElement(suite, "testcase", classname=name, name="the trace can be judged")
    if trace.inconclusive is not None:
        ET.SubElement(judged, "error", type="inconclusive", message=safe(trace.inconclusive))
    for rule in report.selected.analysis.rules:
        if rules and rule.id not in rules:
            continue
        case = ET.SubElement(suite, "testcase", classname=name, name=rule.id)
        of_rule = [g for g in report.selected.groups if (g.trace, g.rule) == (trace.id, rule.id)]
        _tell(case, of_rule, report)
        if trace.inconclusive is not None and not of_rule:
            ET.SubElement(case, "skipped", message="the trace cannot be judged")
    hidden = [w for w in report.selected.warnings if w.trace == trace.id]
    lines = [f"hidden: {w.code}: {w.message}" for w in hidden]
    lines += [f"suppression {item.state}: {item}" for item in report.selected.suppressed]
    if lines:
        ET.SubElement(suite, "system-out").text = "\n".join(map(safe, lines))
    return _counted(suite)


def _beside(reasons: Sequence[str], exit_status: int) -> ET.Element:
    """A suite with what concerns no finding."""
    suite = ET.Element("testsuite", name="strace-analyzer")
    case = ET.SubElement(suite, "testcase", classname="strace-analyzer", name="exit status")
    message = f"{exit_status}: {safe(reasons[0])}"
    ET.SubElement(case, "error", type="exit-status", message=message).text = "\n".join(
        map(safe, reasons)
    )
    return _counted(suite)


def _counted(suite: ET.Element) -> ET.Element:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    return suite


def _tell(case: ET.Element, groups: Sequence[Group], report: Report) -> None:
    """Add what one rule found."""
    stopping = [group for group in groups if report.gate.stops(group)]
    if stopping:
        message = document.group(stopping[0], report.selected)["message"]
        more = f" (and {count(len(stopping) - 1, 'more cause')})" if len(stopping) > 1 else ""
        failure = ET.SubElement(
            case, "failure", type=str(stopping[0].level), message=safe(message) + more
        )
        failure.text = "\n\n".join(_text(group, report) for group in stopping)
    rest = [group for group in groups if not report.gate.stops(group)]
    if rest:
        ET.SubElement(case, "system-out").text = "\n\n".join(_text(g, report) for g in rest)


def _text(group: Group, report: Report) -> str:
    return "\n".join(brief(group, report.selected))


def _add_up(root: ET.Element, suites: Sequence[ET.Element]) -> None:
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
