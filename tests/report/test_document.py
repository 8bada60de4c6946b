"""The JSON report against its published schema, and its other machine-readable forms."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from report.fixtures import analysis, crawler, early_bind, process, trace
from report.written import written

import strace_analyzer as sa
from strace_analyzer.analysis import failures, refused_options, refused_unix
from strace_analyzer.findings import Confidence, Level, Unknown, Warning
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report import document
from strace_analyzer.report.formats.registry import report_format
from strace_analyzer.report.meaning import MEANING
from strace_analyzer.report.selection import EVERYTHING

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report-schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SAMPLES = sorted((ROOT / "samples").glob("*.strace"))
AT = early_bind(10).at


def report(made: sa.Analysis) -> dict[str, Any]:
    return json.loads(written("json", made))


def everything() -> sa.Analysis:
    """An Analysis in which every list of the report has an element."""
    return replace(
        crawler(),
        unknown=(Unknown("io-uring", "invisible", 2, "t1", "t1:700", None, AT, AT),),
        warnings=(Warning("setsockopt-hidden", "t1", 1, "may-overreport", "none", "again"),),
    )


def objects(schema: Any) -> Iterable[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_the_schema_names_every_explanation_that_the_code_can_give() -> None:
    said = SCHEMA["$defs"]["failure"]["properties"]["explanation"]["description"]
    assert said.partition(": ")[2].split(", ") == list(MEANING)
    given = {
        node.value
        for module in (failures, refused_options, refused_unix)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(MEANING) - given) == []
    codes = {code for code in given if re.fullmatch("[a-z]+(-[a-z0-9]+)+", code)}
    assert sorted(codes - set(MEANING)) == []


def test_the_schema_is_a_schema_that_allows_nothing_unsaid() -> None:
    VALIDATOR.check_schema(SCHEMA)
    found = list(objects(SCHEMA))
    assert len(found) > 20
    for schema in found:
        assert "additionalProperties" in schema
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"])


@pytest.mark.parametrize("made", [analysis(), everything(), analysis(processes=[])])
def test_reports_are_valid(made: sa.Analysis) -> None:
    VALIDATOR.validate(report(made))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_reports_of_samples_are_valid(path: Path) -> None:
    VALIDATOR.validate(report(sa.analyze(path)))


def test_a_valid_report_with_a_field_too_few_or_too_many_is_not() -> None:
    whole = report(everything())
    few, many = json.loads(json.dumps(whole)), json.loads(json.dumps(whole))
    del few["findings"][0]["held_seconds"]
    many["traces"][0]["host"] = "here"
    assert [error.json_path for error in VALIDATOR.iter_errors(few)] == ["$.findings[0]"]
    assert [error.json_path for error in VALIDATOR.iter_errors(many)] == ["$.traces[0]"]


def test_what_the_contract_names_is_where_it_says() -> None:
    whole = report(everything())
    assert list(whole) == [
        "schema", "tool", "summary", "redacted", "selected", "suppressions", "traces", "groups", "findings",
        "processes", "failures", "unknown", "warnings",
    ]  # fmt: skip
    assert whole["summary"] == {
        "verdict": "findings", "exit_status": 1, "error": 0, "warning": 3, "note": 0,
        "probable": 0, "unknown": 2, "suppressed": 0, "idle": [],
    }  # fmt: skip
    finding = whole["findings"][0]
    assert finding["at"] == "crawler.strace:12"
    assert finding["process"] == {"id": "t1:700", "tgid": 700, "tid": 702, "command": "beam.smp"}
    assert finding["local"] == {"address": "0.0.0.0", "port": 0, "assigned_port": 40123}
    assert finding["calls"]["connect"]["errno"] == "EINPROGRESS"
    assert [call["line"] for call in finding["trail"]] == [10, 11, 12, 13, 14, 15, 16]
    (group,) = whole["groups"]
    assert group["message"] == (
        "beam.smp (pid 700) binds before connecting: 3 of its 3 outgoing TCP connections"
    )
    assert group["advice"].startswith("Erlang/OTP 23 (erts-11.1.8): use OTP 24 or later")
    assert group["peers"][0] == {"address": "192.0.2.8", "port": 8001, "count": 2}


def test_equal_input_gives_equal_bytes() -> None:
    once = written("json", everything())
    assert once == written("json", everything())
    assert once.isascii()


def test_lines_of_json_come_in_order_and_the_summary_last() -> None:
    lines = written("jsonl", everything()).splitlines(keepends=True)
    objects_ = [json.loads(line) for line in lines]
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    assert [item["type"] for item in objects_] == [
        "trace", "finding", "finding", "finding", "unknown", "warning", "summary",
    ]  # fmt: skip
    whole = report(everything())
    assert objects_[1] == {"type": "finding", **whole["findings"][0]}
    del whole["findings"]
    assert objects_[-1] == {"type": "summary", **whole}


def test_an_update_says_only_what_has_changed() -> None:
    before = early_bind(10, outcome=Outcome.IN_PROGRESS, level=Level.NOTE)
    make = report_format("jsonl").teller
    assert make is not None
    teller = make(EVERYTHING)
    (told,) = teller.lines(before)
    (line,) = teller.lines(before._replace(outcome=Outcome.CONNECTED))
    assert json.loads(told)["outcome"] == "in-progress"
    assert json.loads(line) == {
        "type": "update", "id": "t1:bind-any-port-zero:crawler.strace:12", "outcome": "connected",
    }  # fmt: skip
    assert list(teller.lines(before._replace(outcome=Outcome.CONNECTED))) == []


def test_concise_is_a_line_for_an_editor_to_jump_to() -> None:
    made = analysis(
        [
            early_bind(10),
            early_bind(30, confidence=Confidence.PROBABLE, outcome=Outcome.FAILED),
        ],
        unknown=[Unknown("io-uring", "invisible", 1, "t1", "t1:700", None, AT, AT)],
        warnings=[Warning("setsockopt-hidden", "t1", 1, "may-overreport", "no setsockopt()", "x")],
    )
    assert written("concise", made) == (
        "crawler.strace:12: warning: bind-any-port-zero: beam.smp[700] fd 9 -> 192.0.2.8:8001\n"
        "crawler.strace:32: warning: bind-any-port-zero: beam.smp[700] fd 9 -> 192.0.2.8:8001 "
        "(failed) (probable)\n"
        "crawler.strace:12: unknown: io-uring: process 700: invisible\n"
        "crawler.strace: hidden: setsockopt-hidden: no setsockopt()\n"
    )


def test_concise_is_silent_about_a_clean_trace() -> None:
    made = analysis(traces=[trace()], processes=[process(early_bound=0)])
    assert written("concise", made) == ""


def test_a_socket_life_is_valid() -> None:
    schema = {"$ref": "#/$defs/socket_life", "$defs": SCHEMA["$defs"]}
    validator = jsonschema.Draft202012Validator(schema)
    lives = sa.analyze(ROOT / "samples" / "ssh-b-any.strace").sockets
    found = [document.socket_life(life) for life in lives]
    assert [life["peer"] for life in found] == [{"address": "127.0.0.1", "port": 2222}]
    for life in found:
        validator.validate(life)
