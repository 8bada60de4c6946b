"""A suppression file: what it names by fingerprint counts for nothing, and every format says so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from report.test_document import VALIDATOR
from report.test_sarif import SCHEMA
from report.written import written
from typer.testing import CliRunner

import strace_analyzer as sa
from strace_analyzer.cli.app import app
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.registry import report_formats
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.redaction import KINDS, Redaction
from strace_analyzer.report.selection import Selected, Selection
from strace_analyzer.report.suppression import Suppression, read

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SSH = SAMPLES / "ssh-b-any.strace"
RULE = "bind-any-port-zero"
REASON = "one connection a day"
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def made() -> sa.Analysis:
    return sa.analyze(SSH)


def named(made: sa.Analysis, expires: date | None = None, **more: object) -> Selection:
    entry = Suppression(made.groups[0].fingerprint, REASON, expires)
    return Selection(suppressions=(entry,), today=TODAY, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("format", report_formats())
def test_every_format_says_how_many_and_why(format: str, made: sa.Analysis) -> None:
    report = written(format, made, named(made))
    assert REASON in report
    if format == "json":
        assert json.loads(report)["summary"]["suppressed"] == 1
    elif format not in ("sarif", "jsonl"):
        assert "1 finding suppressed" in report


@pytest.mark.parametrize("format", report_formats())
@pytest.mark.parametrize(
    ("state", "words"), [("expired", "has expired"), ("unused", "fits nothing")]
)
def test_every_format_says_what_keeps_nothing_out(
    state: str, words: str, format: str, made: sa.Analysis
) -> None:
    entry = Suppression("0" * 16, REASON)
    if state == "expired":
        entry = Suppression(made.groups[0].fingerprint, REASON, date(2026, 5, 31))
    report = written(format, made, Selection(suppressions=(entry,), today=TODAY))
    assert REASON in report
    assert words in report or f'"state": "{state}"' in report


def test_it_counts_for_nothing_and_is_no_all_clear(made: sa.Analysis) -> None:
    gate = parse_gate([RULE], [RULE])
    assert judge(Selected(made), gate).exit_status == 1
    selected = Selected(made, named(made))
    judged = judge(selected, gate)
    assert (judged.exit_status, judged.verdict, judged.note, judged.suppressed) == (
        0, "findings", 0, 1,
    )  # fmt: skip
    assert list(selected.findings()) == []
    assert written("text", made, named(made)).startswith("nothing new: 1 finding suppressed\n")


@pytest.mark.parametrize(("last", "status"), [(date(2026, 5, 31), 1), (TODAY, 0), (None, 0)])
def test_it_holds_until_the_end_of_its_last_day(
    last: date | None, status: int, made: sa.Analysis
) -> None:
    gate = parse_gate([RULE], [RULE])
    assert judge(Selected(made, named(made, last)), gate).exit_status == status


def test_sarif_has_the_result_with_its_suppression(made: sa.Analysis) -> None:
    log = json.loads(written("sarif", made, named(made)))
    jsonschema.Draft7Validator(SCHEMA).validate(log)
    (result,) = log["runs"][0]["results"]
    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": REASON}
    ]


def test_json_is_valid_with_it(made: sa.Analysis) -> None:
    whole = json.loads(written("json", made, named(made, date(2027, 1, 1))))
    VALIDATOR.validate(whole)
    assert (whole["groups"], whole["findings"]) == ([], [])
    assert whole["suppressions"] == [
        {
            "fingerprint": made.groups[0].fingerprint, "reason": REASON, "expires": "2027-01-01",
            "state": "in-force", "groups": 1, "findings": 1,
        }
    ]  # fmt: skip


def test_a_redacted_report_does_not_have_the_fingerprint(made: sa.Analysis) -> None:
    for format in report_formats():
        report = written(format, made, named(made, redaction=Redaction(KINDS)))
        assert made.groups[0].fingerprint not in report


def test_the_format_of_this_name_is_a_file_that_lacks_only_reasons(tmp_path: Path) -> None:
    for trace in ("ssh-b-any.strace", "erlang23-inets-httpc-40req.strace"):
        file = tmp_path / "accepted.toml"
        file.write_text(written("suppressions", sa.analyze(SAMPLES / trace)))
        with pytest.raises(ConfigurationError, match="suppression 1: a reason is needed"):
            read(file)
        file.write_text(file.read_text().replace('reason = ""', f'reason = "{REASON}"'))
        words = ["check", "--fail-on", RULE, str(SAMPLES / trace)]
        assert CliRunner().invoke(app, words).exit_code == 1
        assert CliRunner().invoke(app, [*words, "--suppressions", str(file)]).exit_code == 0
        config = tmp_path / "strace-analyzer.toml"
        config.write_text('suppressions = "accepted.toml"\n')
        assert CliRunner().invoke(app, [*words, "--config", str(config)]).exit_code == 0


@pytest.mark.parametrize("format", ["text", "html", "markdown", "json", "suppressions"])
def test_the_fingerprint_can_be_copied(format: str, made: sa.Analysis) -> None:
    assert made.groups[0].fingerprint in written(format, made, everything=True)


ENTRY = '[[suppress]]\nfingerprint = "0123456789abcdef"\nreason = "known"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[suppres]]\n", "unknown key 'suppres'.*suppress"),
        ("suppress = 1\n", r"write \[\[suppress\]\]"),
        (ENTRY.replace("0123456789abcdef", "abc"), "the 16 digits of a group"),
        (ENTRY.replace("known", " "), "a reason is needed"),
        (ENTRY + 'expires = "2027"\n', "a date, such as 2027-06-30"),
        (ENTRY + "expires = 2027-06-30T00:00:00\n", "a date, such as 2027-06-30"),
        (ENTRY + "expire = 2027-06-30\n", "unknown key 'expire'.*expires"),
        (ENTRY + ENTRY, "suppressed twice"),
        ("[[", "accepted.toml: "),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        read(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read(tmp_path / "none.toml")


def test_findings_told_as_they_come_cannot_be_suppressed(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(ENTRY)
    done = CliRunner().invoke(
        app, ["check", "--follow", "--format", "concise", "--suppressions", str(file), str(SSH)]
    )
    assert done.exit_code == 2
    assert "--follow cannot be combined with --suppressions" in done.output
