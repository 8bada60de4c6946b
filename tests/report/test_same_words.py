"""The terminal, the HTML page and Markdown say the same things in the same words."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from report.written import written

import strace_analyzer as sa

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
WORDS = re.compile(r"[\w.:/%,=-]+")


def words(text: str) -> str:
    return " ".join(WORDS.findall(text))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_leads_the_terminal_report_is_in_the_others(path: Path) -> None:
    made = sa.analyze(path)
    lines = written("text", made).splitlines()
    page = words(html.unescape(re.sub(r"<[^>]*>", " ", written("html", made))))
    ticket = words(html.unescape(written("markdown", made)).replace("\\", ""))
    if made.findings:
        _level, _, headline = lines[0].partition(": ")
        assert words(headline) in page
        assert words(headline) in ticket
    for line in lines:
        if line.startswith(("  this trace: ", "  one destination: ")):
            assert words(line) in page
            assert words(line) in ticket
        elif line.startswith(
            ("  open at the same time ", "  with 60 s of TIME_WAIT ", "  ports run ")
        ):
            assert words(line) in page
        elif line.startswith("  DESTINATION "):
            headings = line.split("  FD ")[0].split()
            row = " ".join(headings).capitalize()
            assert words(row).lower() in page.lower()
            assert words(row).lower() in ticket.lower()


def test_the_columns_are_those_of_the_rule() -> None:
    made = sa.analyze(next(path for path in SAMPLES if path.name.startswith("erlang23")))
    assert "| Destination | Early-bound | Connected |" in written("markdown", made)
    assert "first of 40" in written("html", made)
    assert "first of 40" in written("markdown", made)
