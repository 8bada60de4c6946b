"""The registry of formats: each is found by its name, says what it can do, and writes."""

from __future__ import annotations

import csv
import io
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report import formats
from strace_analyzer.report.formats.format import Table
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.report.formats.registry import (
    comparison_formats,
    following_formats,
    merged_formats,
    report_format,
    report_formats,
    table_format,
    table_formats,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("write", report_formats()),
        ("table", table_formats()),
        ("comparison", comparison_formats()),
        ("merged", merged_formats()),
    ],
)
def test_a_module_that_writes_something_is_a_format_for_it(
    function: str, names: tuple[str, ...]
) -> None:
    modules = [module.name for module in iter_modules(formats.__path__, f"{formats.__name__}.")]
    able = [name for name in modules if hasattr(import_module(name), function)]
    found = [name.rpartition(".")[2].replace("_", "-") for name in able]
    assert list(names) == sorted(found, key=lambda name: (name != DEFAULT, name))


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
