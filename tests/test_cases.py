"""The given cases (their README says how a row is read): small inputs, each with what must hold.

Each runs twice, with `--strict` and without, through the command line's own entry, in this process.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from shared_folder import CASES

from strace_analyzer.cli import main

pytestmark = pytest.mark.cases
FOLDERS = ("reading", "diagnosis")
LINE_ROLES = ("bind", "connect", "listen", "socket")


class Case(NamedTuple):
    folder: str
    file: str
    expected: str
    options: tuple[str, ...]

    @property
    def path(self) -> Path:
        return CASES / self.folder / self.file


@cache
def cases() -> list[Case]:
    found = []
    for folder in FOLDERS:
        table = CASES / folder / "EXPECTED.tsv"
        if table.exists():
            with table.open(newline="") as rows:
                for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
                    options = tuple(shlex.split(row.get("options") or ""))
                    found.append(Case(folder, row["file"], row["expected"], options))
    return found


class Outcome(NamedTuple):
    """What one case came to: what was said, folded to one line, the status, the JSON report."""

    said: str
    status: int
    report: dict[str, Any]
    strict: bool

    def holds(self, condition: str) -> bool:
        key, _, value = condition.partition("=")
        return bool(CONDITIONS[key](self, value.replace("+", " ")))

    def has_rule(self, value: str) -> bool:
        rule, _, line = value.partition("@")
        found = [finding for finding in self.report["findings"] if finding["rule"] == rule]
        lines = {
            call["line"] for f in found for role, call in f["calls"].items() if role in LINE_ROLES
        }
        lines |= {int(f["at"].rpartition(":")[2]) for f in found}
        return bool(found) and (not line or int(line) in lines)

    def has_unparsed(self, value: str) -> bool:
        sources = [source for trace in self.report["traces"] for source in trace["sources"]]
        count = sum(source["unparsed"] for source in sources)
        return bool(sources) and (count == int(value) or (count < int(value) and not self.strict))


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


CONDITIONS = {
    "rule": Outcome.has_rule,
    "norule": lambda outcome, value: not outcome.has_rule(value),
    "verdict": lambda outcome, value: outcome.report["summary"]["verdict"] == value,
    "exit": lambda outcome, value: outcome.status == int(value),
    "unparsed": Outcome.has_unparsed,
    "says": lambda outcome, value: folded(value) in outcome.said,
    "nosays": lambda outcome, value: folded(value) not in outcome.said,
    "names": lambda outcome, value: re.search(rf"(?<!\d){re.escape(value)}(?!\d)", outcome.said),
    "level": lambda outcome, value: outcome.report["summary"][value] > 0,
    "cause": lambda outcome, value: any(
        item.get("cause") == value
        for item in (*outcome.report["findings"], *outcome.report["groups"])
    ),
}
REFUSED: dict[str, Any] = {
    "findings": [], "groups": [], "traces": [], "summary": {"verdict": "refused"},
}  # fmt: skip


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.folder}/{case.file}")
def test_the_case_holds(case: Case, strict: bool, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", *(["--strict"] if strict else []), *case.options, str(case.path)]
    status = main(words)
    said = capsys.readouterr()
    main([*words, "--format", "json"])
    document = capsys.readouterr().out
    report = json.loads(document) if document else REFUSED
    outcome = Outcome(folded(f"{said.out} {said.err}"), status, report, strict)
    alternatives = [alternative.split() for alternative in case.expected.split(" | ")]
    assert any(all(map(outcome.holds, conditions)) for conditions in alternatives), (
        case.expected, status, report["summary"], said,
    )  # fmt: skip
