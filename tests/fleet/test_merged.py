"""Many traces, one report: the same whatever was read first and however the work was split."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from fleet.many import digests, inputs, merged, written
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.formats.registry import merged_formats
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.grounds import Grounds, decide
from strace_analyzer.report.merged.digest import TraceDigest, day_of, of_json
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.text.console import show
from strace_analyzer.report.text.merged import page
from strace_analyzer.rules import catalogue

TEXTS = [form for form in merged_formats() if form != "parquet"]
KINDS = len(digests())

chosen = st.lists(
    st.tuples(st.integers(0, KINDS - 1), st.sampled_from(["web1", "web2", "db"]), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(st.data())
def test_the_report_does_not_depend_on_how_the_work_was_split(data: st.DataObject) -> None:
    parts = []
    for number, (kind, label, dated) in enumerate(data.draw(chosen), 1):
        one = replace(digests()[kind], name=f"/logs/{label}/{number}.strace")
        parts.append((number, label, replace(one, began=1.78e9 + 9e4 * number) if dated else one))
    whole = merged(parts)
    shuffled = data.draw(st.permutations(parts))
    made = [merged([part]) for part in shuffled]
    while len(made) > 1:
        at = data.draw(st.integers(0, len(made) - 2))
        made[at].merge(made.pop(at + 1))
    for form in TEXTS:
        assert written(made[0], form) == written(whole, form)


def test_it_says_what_the_traces_say_together() -> None:
    """Totals against the analysis of all at once."""
    at_once = Selected(analyze_traces(inputs(), Settings(rules=catalogue())))
    joined = judge(at_once, Gate())
    made = merged((n, "-", one) for n, one in enumerate(digests()[:-1], 1))
    report = json.loads(written(made, "json"))
    names = (
        "verdict",
        "exit_status",
        "error",
        "warning",
        "note",
        "probable",
        "unknown",
        "connections",
    )
    assert {n: report["summary"][n] for n in names} == {n: getattr(joined, n) for n in names}
    assert sum(cause["findings"] for cause in report["causes"]) == len(at_once.analysis.findings)
    early = sum(process.early_bound for process in at_once.processes)
    assert sum(host["early_bound"] for host in report["hosts"]) == early
    assert sum(failure["count"] for failure in report["failures"]) == sum(
        failure.times for failure in at_once.failures
    )
    (erlang,) = [
        c for c in report["causes"] if c["program"] == "beam.smp" and c["level"] == "warning"
    ]
    assert (erlang["findings"], erlang["traces"]) == (80, 2)
    assert erlang["example"].endswith("-yy-tt-T.strace:403")
    assert len(report["traces"]) == len(digests()) - 1


@given(st.data())
def test_verdicts_add_up(data: st.DataObject) -> None:
    """Of any traces together as of their analysis at once."""
    parts = data.draw(st.lists(st.sampled_from([one.grounds for one in digests()]), min_size=1))
    forward, backward = Grounds(), Grounds()
    for part in parts:
        forward = forward.with_(part)
    for part in reversed(parts):
        backward = part.with_(backward)
    assert forward == backward
    verdict, status = decide(forward)
    assert status == (
        2 if any(part.broken for part in parts) else int(any(part.fails for part in parts))
    )
    if any(part.fails for part in parts):
        assert verdict == "findings"


def test_a_digest_is_json() -> None:
    for one in digests():
        assert of_json(json.loads(json.dumps(one.as_json()))) == one


@pytest.mark.parametrize(
    ("name", "began", "day"),
    [
        ("/logs/2026-11-29/web1.strace", None, "2026-11-29"),
        ("s3://b/20261129T0300/x", None, "2026-11-29"),
        ("/logs/2026-13-40/x", None, None),
        ("/logs/web1/x", None, None),
        ("/logs/2025-01-01/x", 1795910400.5, "2026-11-29"),
    ],
)
def test_a_trace_is_of_the_day_on_which_it_began(
    name: str, began: float | None, day: str | None
) -> None:
    assert day_of(name, began) == day


def test_days_are_told_in_order() -> None:
    parts = [(n, "-", replace(digests()[1], day=f"2026-11-{30 - n}")) for n in range(1, 4)]
    report = json.loads(written(merged(parts), "json"))
    assert [day["day"] for day in report["days"]] == ["2026-11-27", "2026-11-28", "2026-11-29"]
    assert {day["early_bound"] for day in report["days"]} == {40}


def test_what_cannot_be_read_is_named_and_costs_itself_only() -> None:
    made = merged((n, "-", one) for n, one in enumerate(digests(), 1))
    report = json.loads(written(made, "json"))
    assert report["summary"]["not_read"] == 1
    assert report["summary"]["exit_status"] == 2
    (row,) = [row for row in report["traces"] if row["verdict"] == "refused"]
    assert row["reason"] == "/gone: no such file or directory"
    assert "1 trace could not be read" in " ".join(written(made, "text").split())


def test_one_screen_is_one_screen() -> None:
    """However many traces and causes there are."""
    assert len(written(merged(three_hundred()), "text", everything=False).splitlines()) <= 60


@pytest.mark.parametrize("lines", [34, 40, 50])
def test_the_screen_is_that_of_the_terminal(lines: int) -> None:
    report = MergedReport(merged(three_hundred()), Gate(), everything=False)
    told = io.StringIO()
    target = Console(file=told, force_terminal=True, width=100, height=lines + 1, no_color=True)
    show(page(report, 100, lines), target)
    assert len(told.getvalue().splitlines()) <= lines
    assert "Causes" in told.getvalue()
    assert "Not shown: " in told.getvalue()


def three_hundred() -> list[tuple[int, str, TraceDigest]]:
    parts = []
    for number in range(1, 301):
        one = digests()[number % (KINDS - 1)]
        causes = tuple(c._replace(key=c.key._replace(program=f"p{number}")) for c in one.causes)
        parts.append((number, f"h{number}", replace(one, causes=causes, name=f"/l/{number}")))
    return parts


def test_nothing_in_nothing_out() -> None:
    assert json.loads(written(Merged(), "json"))["traces"] == []


def test_one_line_of_proof_is_a_line_and_several_are_lines() -> None:
    """`a.strace:12 (line 12 bind)`, `a.strace:12 (lines 12 bind, 15 connect)`."""
    rows = ((number, "x", one) for number, one in enumerate(digests()))
    words = " ".join(written(merged(rows), "text").split())
    proofs = re.findall(r"\((lines?) ([\d,]+ \w+(?:, [\d,]+ \w+)*)\)", words)
    assert {word for word, _ in proofs} == {"line", "lines"}
    assert all((", " in calls) is (word == "lines") for word, calls in proofs)
