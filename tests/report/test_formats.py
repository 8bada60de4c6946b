"""The registry of formats: each is found by its name, says what it can do, and writes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.format import Table
from strace_analyzer.report.formats.registry import (
    following_formats,
    report_format,
    report_formats,
    table_format,
    table_formats,
)

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_of_the_room_that_writes_is_a_format() -> None:
    files = {
        path.stem.replace("_", "-")
        for path in (ROOT / "strace_analyzer/report/formats").glob("*.py")
    }
    assert files - {*report_formats(), *table_formats()} == {"--init--", "format", "registry"}


def test_the_default_comes_first() -> None:
    assert report_formats()[0] == table_formats()[0] == "text"


@pytest.mark.parametrize("name", report_formats())
def test_every_format_names_the_program_and_its_destination(name: str) -> None:
    report = written(name, sa.analyze(ROOT / "samples" / "ssh-b-any.strace"))
    assert "ssh" in report
    assert "127.0.0.1" in report


def test_only_formats_that_tell_findings_as_they_come_can_follow() -> None:
    assert set(following_formats()) >= {"text", "concise", "jsonl"}
    assert report_format("jsonl", follow=True).teller is not None
    with pytest.raises(ConfigurationError, match=r"--follow --format json: .* complete; .*jsonl"):
        report_format("json", follow=True)


def test_a_cell_is_never_a_formula_nor_a_command_to_the_terminal() -> None:
    hostile = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "a\x1b[2Jb", 'q"uo,te', "\u202eabc"]
    rows = [{"name": name, "count": -1} for name in hostile]
    table = Table("rows", {"name": "string", "count": "Int64"}, lambda: rows, list, lambda _: None)
    stream = io.StringIO()
    table_format("csv").write(table, stream)
    cells = [row["name"] for row in csv.DictReader(io.StringIO(stream.getvalue()))]
    assert cells == [
        "'=HYPERLINK(1)",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        r"a\x1b[2Jb",
        'q"uo,te',
        r"\u202eabc",
    ]
    assert stream.getvalue().splitlines()[1] == "'=HYPERLINK(1),-1"
