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


def letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", text)).lower()


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


def block(lines: list[str], label: str) -> tuple[str, list[str]]:
    """The first part of the report that begins with `label`: its first line without the label, and
    the lines up to a blank one; ("", []) if there is none."""
    for at, line in enumerate(lines):
        if line.startswith(f"  {label} "):
            end = lines.index("", at)
            return line.removeprefix(f"  {label} "), lines[at + 1 : end]
    return "", []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_tables_advice_and_proof_are_the_same_in_the_same_order(path: Path) -> None:
    made = sa.analyze(path)
    lines = written("text", made).splitlines()
    page = letters(html.unescape(re.sub(r"<[^>]*>", " ", written("html", made))))
    page = page[page.find("findings and what to do") :]
    ticket = letters(html.unescape(written("markdown", made)).replace("\\", ""))
    headings, rows = block(lines, "DESTINATION")
    fix, more = block(lines, "Fix")
    title, calls = block(lines, "Proof")
    said = []
    if headings:
        said.append(f"destination {headings}")
        said += [row for row in rows if "more: --all" not in row]
    if fix and "--all" not in "".join(more):
        said.append(f"Fix {fix} {' '.join(more)}")
    if title:
        said.append(f"Proof {title}")
    at = 0
    for text in map(letters, said):
        place = page.find(text, at)
        assert place >= 0, text
        at = place
        assert text in ticket
    for call in calls:
        line = re.match(r" +(\d+)  (?:\[\d+\] )?(\w+)\(", call)
        if line is not None:
            assert re.search(rf" {line[1]} (\d+ )?{line[2]}\b", page[at:]), call


def test_the_columns_are_those_of_the_rule() -> None:
    made = sa.analyze(next(path for path in SAMPLES if path.name.startswith("erlang23")))
    assert "| Destination | Early-bound | Connected | FD | Bind lines |" in written(
        "markdown", made
    )
    assert "first of 40" in written("html", made)
    assert "first of 40" in written("markdown", made)
