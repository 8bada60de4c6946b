"""A `-ff` family whose files were wrapped on their way has the findings of the plain one, on the
same lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrapped_traces import found
from wrappings import WRAPPINGS, Wrapping, folded

import strace_analyzer as sa

FAMILY = Path(__file__).resolve().parents[2] / "samples" / "python-fork-family"
SILENT = ("coloured", "indented", "Buildkite")
"""Wrappings that are not worth a word."""


def copied(place: Path, around: Wrapping) -> Path:
    """The family with each file wrapped."""
    for file in FAMILY.iterdir():
        lines = around(file.read_bytes().splitlines())
        (place / file.name).write_bytes(b"\n".join(lines) + b"\n")
    return place


@pytest.mark.parametrize("name", sorted(WRAPPINGS))
def test_a_family_in_every_wrapping(name: str, tmp_path: Path) -> None:
    expected = sa.analyze(FAMILY)
    got = sa.analyze(copied(tmp_path, WRAPPINGS[name]))

    assert found(got) == found(expected) != []
    assert got.traces[0].inconclusive == expected.traces[0].inconclusive
    calls = [[source.calls for source in read.traces[0].sources] for read in (got, expected)]
    assert calls[0] == calls[1]
    has_notes = [bool(source.read_through) for source in got.traces[0].sources]
    assert has_notes == [name not in SILENT] * len(has_notes)


@pytest.mark.parametrize("width", [61, 76, 100])
def test_a_family_that_was_folded(width: int, tmp_path: Path) -> None:
    expected = sa.analyze(FAMILY)
    got = sa.analyze(copied(tmp_path, lambda lines: folded(lines, width)[0]))

    assert [one.rule for one in got.findings] == [one.rule for one in expected.findings]
    lines = [len(file.read_bytes().splitlines()) for file in sorted(tmp_path.iterdir())]
    assert [source.lines for source in got.traces[0].sources] == lines


def test_files_of_a_family_in_which_lines_of_several_traces_stand_are_refused(
    tmp_path: Path,
) -> None:
    def mixed(lines: list[bytes]) -> list[bytes]:
        return [b"web-%d  | %b" % (at % 2 + 1, line) for at, line in enumerate(lines)]

    with pytest.raises(sa.TraceError, match="lines of several traces"):
        sa.analyze(copied(tmp_path, mixed))
