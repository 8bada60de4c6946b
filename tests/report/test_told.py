"""What a live analysis tells of many findings: a line for what is new in kind, and counts."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from report.fixtures import early_bind

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.findings import Endpoint, Finding, Level, ProcessRef
from strace_analyzer.report.formats import concise
from strace_analyzer.report.selection import Selection
from strace_analyzer.report.text.console import write
from strace_analyzer.report.text.live import LiveFigures, board
from strace_analyzer.report.told import MOST, Counts, NewInKind
from strace_analyzer.rules import catalogue
from strace_analyzer.rules.rule import Example

EXAMPLES = [
    pytest.param(example, id=f"{rule.id}: {example.name}")
    for rule in catalogue()
    for example in rule.examples
]


def of(process: int, peer: int, line: int) -> Finding:
    """A finding of a process at a destination, the level that is told before the end."""
    ref = ProcessRef(f"t1:{process}", process, process, "worker")
    return early_bind(line, Endpoint("192.0.2.8", peer), process=ref, level=Level.NOTE)


def told(*findings: Finding) -> list[str]:
    new = NewInKind(Selection())
    return [line for finding in findings for line in new.lines(finding)]


def test_ten_thousand_of_a_kind_are_one_line_without_a_level() -> None:
    lines = told(*(of(7, 80, 10 * number) for number in range(1, 10_000)))
    assert lines == ["crawler.strace:12: bind-any-port-zero: worker[7] fd 9 -> 192.0.2.8:80\n"]


def test_another_destination_or_process_is_new_in_kind() -> None:
    lines = told(of(7, 80, 10), of(7, 443, 20), of(8, 80, 30), of(7, 80, 40), of(8, 80, 50))
    assert [line.split()[-1] for line in lines] == ["192.0.2.8:80", "192.0.2.8:443", "192.0.2.8:80"]


@pytest.mark.parametrize("many", [MOST, MOST + 1, 500])
def test_many_destinations_or_processes_are_no_flood(many: int) -> None:
    for lines in (
        told(*(of(7, number, 10 * number) for number in range(1, many + 1))),
        told(*(of(number, 80, 10 * number) for number in range(1, many + 1))),
    ):
        assert len(lines) == min(many, MOST + 1)
        assert (lines[-1] == "more bind-any-port-zero by worker: counted\n") is (many > MOST)


def test_what_is_surely_an_error_is_called_one() -> None:
    (line,) = told(of(7, 80, 10)._replace(level=Level.ERROR))
    assert ": error: bind-any-port-zero: " in line


def test_the_board_counts_by_process_and_destination() -> None:
    counts = Counts()
    for number in range(30):
        counts.add(of(7, 80, 10 * number))
    for number in range(12):
        counts.add(of(8, 1000 + number, 10 * number))
    figures = LiveFigures(5.0, 9, 1.0, 0, 0, (1, 9), {Level.NOTE: 42}, counts.rows())
    out = StringIO()
    write(out, lambda _: [board(figures)])
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert ["worker[7]", "192.0.2.8:80", "bind-any-port-zero", "30"] in rows
    assert ["worker[8]", "192.0.2.8:1000", "bind-any-port-zero", "1"] in rows
    assert rows[-1] == ["5", "more", "5"]
    assert "42 findings" in out.getvalue()


def test_counts_of_a_crawler_stay_small() -> None:
    counts = Counts()
    for number in range(3000):
        counts.add(of(number, 80, 10))
    rows = counts.rows()
    assert (rows[0][0].process, rows[0][1], len(rows)) == ("others", 2000, 1001)


def streamed(example: Example) -> tuple[list[Finding], sa.Analysis]:
    """The findings as they were told line by line, and the analysis in the end."""
    settings = Settings(rules=catalogue(), port_range=example.port_range)
    analyzer = sa.Analyzer(settings=settings)
    provisional = [finding for line in example.lines for finding in analyzer.feed(line)]
    return provisional, analyzer.close()


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_was_told_does_not_end_milder(example: Example) -> None:
    """A stream that warned does not end as a note."""
    provisional, analysis = streamed(example)
    final = {finding.id: finding.level for finding in analysis.findings}
    assert [f.id for f in provisional if f.level > final.get(f.id, Level.ERROR)] == []


def test_a_concise_line_comes_again_where_its_level_has_risen() -> None:
    once = concise.Once(Selection(), concise.line)
    first, second = of(7, 80, 10), of(7, 80, 20)
    assert len([*once.lines(first), *once.lines(second), *once.lines(first)]) == 2

    class Ended:
        def findings(self) -> Iterator[Finding]:
            yield first
            yield second._replace(level=Level.WARNING)

    (again,) = once.untold(Ended())  # type: ignore[arg-type]
    assert again.startswith("crawler.strace:22: warning: ")
