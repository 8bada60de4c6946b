"""levels.tsv, read by a person, against what every given trace comes out at.

Without `--port-range` and without times where the trace has none: as a user would see it.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from shared_folder import TRACES

import strace_analyzer as sa

pytestmark = pytest.mark.labels

Row = tuple[str, str, str, int]


def expected() -> dict[str, list[Row]]:
    """file -> (rule, level, confidence, count) of each row; [] for a file without findings."""
    table: dict[str, list[Row]] = {}
    with Path(__file__).with_name("levels.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            rows = table.setdefault(row["file"], [])
            if row["rule"] != "-":
                rows.append((row["rule"], row["level"], row["confidence"], int(row["count"])))
    return table


EXPECTED = expected()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_levels_are_those_that_a_person_expects(name: str) -> None:
    found = Counter(
        (finding.rule, str(finding.level), finding.confidence.value)
        for finding in sa.analyze(TRACES / name, sockets=False).findings
    )
    wanted: Counter[tuple[str, str, str]] = Counter()
    for rule, level, confidence, count in EXPECTED[name]:
        wanted[rule, level, confidence] += count
    assert found == wanted


def test_every_given_trace_has_its_rows() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in TRACES.glob("*.strace"))
