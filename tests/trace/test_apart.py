"""Lines of several containers in one file are taken apart, and each line is in one of the traces."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import EARLY_BIND

import strace_analyzer as sa

LINES = EARLY_BIND.splitlines()


def analysed(tmp_path: Path, lines: list[str]) -> sa.Analysis:
    trace = tmp_path / "trace"
    trace.write_text("".join(f"{line}\n" for line in lines))
    return sa.analyze(trace)


@pytest.mark.parametrize("bare", [[], ["", "hello"], LINES, ["", *LINES]])
def test_each_line_is_in_one_trace(tmp_path: Path, bare: list[str]) -> None:
    one, other = ([f"{name}  | {line}" for line in LINES] for name in ("web-1", "web-2"))
    lines = [line for pair in zip(one, other, strict=True) for line in pair]
    analysis = analysed(tmp_path, [*lines, *bare])
    names = [trace.name.rpartition(" (")[2] for trace in analysis.traces]
    assert names == ["web-1)", "web-2)", *(["without a name)"] if LINES[0] in bare else [])]
    assert len(analysis.findings) == len(names)
    sources = [source for trace in analysis.traces for source in trace.sources]
    assert sum(source.lines for source in sources) == len(lines) + len(bare)
    assert all(source.examined == source.lines for source in sources)


@pytest.mark.parametrize("damaged", ["1x:26:06.8", "=9}}) = 0", "2:26:0>.8"])
def test_the_hours_of_the_day_are_no_names_of_files(tmp_path: Path, damaged: str) -> None:
    lines = [f"16:26:0{second}.818521 {line}" for second, line in enumerate(LINES)]
    broken = [f"{damaged} {LINES[-1]}"] * 3
    analysis = analysed(tmp_path, [lines[0], *broken, *lines[1:], *broken, *lines])
    assert [trace.name for trace in analysis.traces] == [str(tmp_path / "trace")]
    assert len(analysis.findings) == 2


def test_a_folded_record_does_not_count_the_lines_of_others(tmp_path: Path) -> None:
    folded = [piece for line in LINES for piece in (line[:30], line[30:]) if piece]
    lines = [f"{name}  | {line}" for line in folded for name in ("web-1", "web-2")]
    analysis = analysed(tmp_path, lines)
    assert len(analysis.findings) == 2
    sources = [source for trace in analysis.traces for source in trace.sources]
    assert [source.lines for source in sources] == [len(folded)] * 2
    assert [source.examined for source in sources] == [len(folded)] * 2
