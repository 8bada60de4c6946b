"""GitHub annotations, JUnit XML and Markdown: what a person sees of them in CI and in a ticket."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report.written import written
from typer.testing import CliRunner

import strace_analyzer as sa
from strace_analyzer.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
HIDDEN = b'7 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3\n7 read(3, ""..., 4096) = 0\n7 exit_group(0) = ?\n'
CLEAN = b"""\
7 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0
7 close(3) = 0
7 exit_group(0) = ?
7 +++ exited with 0 +++
"""


def test_an_annotation_stands_at_the_first_bind() -> None:
    first, last = written("github", sa.analyze(ERLANG)).splitlines()
    head, _, text = first.removeprefix("::warning ").partition("::")
    assert head.startswith("file=")
    assert head.endswith(",line=403,title=bind-any-port-zero (certain)")
    assert text.startswith(
        "beam.smp (pid 4510) binds before connecting: 40 of its 40 outgoing TCP connections%0A"
        "to 127.0.0.1:8001, 127.0.0.1:8000 and 127.0.0.1:8002%0AErlang/OTP 23 (erts-11.1.8): use OTP 24 or later"
    )
    assert last == "strace-analyzer: findings: 40 findings in 40 outgoing TCP connections"


def test_a_case_of_junit_fails_where_the_gate_is_met() -> None:
    root = ET.fromstring(written("junit", sa.analyze(ERLANG)))
    failed = {
        case.get("name"): failure.get("message")
        for case in root.iter("testcase")
        for failure in case.findall("failure")
    }
    assert failed == {
        "bind-any-port-zero": "beam.smp (pid 4510) binds before connecting: "
        "40 of its 40 outgoing TCP connections"
    }
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    text = root.findtext(".//failure") or ""
    assert ":403: bind(19, {AF_INET, htons(0)" in text


def test_a_trace_that_cannot_be_judged_is_an_error_and_no_pass() -> None:
    made = sa.analyze(io.BytesIO(HIDDEN))
    assert made.traces[0].inconclusive is not None
    root = ET.fromstring(written("junit", made))
    assert root.get("errors") == "1"
    assert written("github", made).startswith("::error file=")
    assert "**Not known**" in written("markdown", made)


RAISES = '''
from strace_analyzer import Rule


class Raises(Rule):
    """Raises an error whenever something connects.

    What it flags:
        Nothing.

    Why it matters:
        It does not.

    What to do instead:
        Nothing.

    When it is fine:
        Always.

    References:
        connect(2)
    """

    id = "raises"
    title = "raises"
    roles = frozenset({"connect"})
    examples = ()

    def step(self, step):
        raise ValueError("192.0.2.7 is not for all to see")
'''
OLDER = b"""\
7 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""

RUNS = {
    "clean": (CLEAN, [], 0),
    "hidden": (HIDDEN, [], 2),
    "hidden, and all the same": (HIDDEN, ["--fail-on", "never"], 2),
    "a rule raised an error": (CLEAN, ["raises"], 2),
    "too few connections": (CLEAN, ["--min-connections", "2"], 1),
    "a file that is none, of two": (CLEAN, ["other"], 2),
    "damaged": (CLEAN + b'7 bind(3, {sa_family=AF_INET, sin_port=ht"x) = 0\n', [], 2),
    "found": (ERLANG.read_bytes(), [], 1),
    "found below the gate": (ERLANG.read_bytes(), ["--fail-on", "error"], 0),
    "not known": (CLEAN.replace(b"7 close(3) = 0\n", OLDER), ["--fail-on", "unknown"], 1),
}


@pytest.mark.parametrize("name", RUNS)
def test_junit_has_an_error_or_a_failure_where_the_exit_status_is_not_0(
    name: str, tmp_path: Path
) -> None:
    """A CI server shows the tests, and not the exit status. GitHub gets the reasons too."""
    trace, words, status = RUNS[name]
    file = tmp_path / "trace"
    file.write_bytes(trace)
    options = [word for word in words if word not in ("raises", "other")]
    if "raises" in words:
        own = tmp_path / "raises.py"
        own.write_text(RAISES)
        options += ["--rules", str(own)]
    if "other" in words:
        other = tmp_path / "other"
        other.write_bytes(b"\x7fELF" + bytes(300))
        options.append(str(other))
    told = {}
    for format in ("junit", "github"):
        done = CliRunner().invoke(app, ["check", str(file), *options, "--format", format])
        assert done.exit_code == status
        told[format] = done.stdout
    root = ET.fromstring(told["junit"])
    bad = [one for case in root.iter("testcase") for one in case if one.tag in ("failure", "error")]
    assert bool(bad) is (status != 0)
    for error in root.iterfind("testsuite[@name='strace-analyzer']/testcase/error"):
        for reason in (error.text or "").splitlines():
            assert f"::error title=exit status {status}::{reason}\n" in told["github"]
    counted = {name: len(root.findall(f".//{name}")) for name in ("failure", "error", "testcase")}
    assert [root.get(name) for name in ("failures", "errors", "tests")] == [
        str(value) for value in counted.values()
    ]


def test_rules_that_saw_nothing_of_a_trace_have_not_passed() -> None:
    root = ET.fromstring(written("junit", sa.analyze(io.BytesIO(HIDDEN))))
    first, *cases = root.iter("testcase")
    assert first.find("error") is not None
    assert {case.find("skipped") is not None for case in cases} == {True}
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.get("skipped") == str(len(cases))


def test_what_a_rule_said_when_it_failed_is_not_told_where_values_are_hidden(
    tmp_path: Path,
) -> None:
    (tmp_path / "raises.py").write_text(RAISES)
    (tmp_path / "trace").write_bytes(CLEAN)
    for format in ("junit", "github"):
        words = ("--rules", str(tmp_path / "raises.py"), "--redact", "addresses,paths")
        done = CliRunner().invoke(
            app, ["check", str(tmp_path / "trace"), *words, "--format", format]
        )
        assert "rule raises failed at path-1:3: ValueError" in done.stdout
        assert "192.0.2.7" not in done.stdout


def test_nothing_found_is_said_plainly() -> None:
    made = sa.analyze(io.BytesIO(CLEAN))
    assert ET.fromstring(written("junit", made)).get("failures") == "0"
    assert (
        written("github", made).splitlines()[-1].endswith("0 findings in 1 outgoing TCP connection")
    )
    assert written("markdown", made).startswith("### strace-analyzer: ")


def test_markdown_folds_the_evidence() -> None:
    text = written("markdown", sa.analyze(ERLANG))
    assert text.startswith(
        "### strace-analyzer: findings\n\n1 warning (40 findings); 40 outgoing TCP connections judged"
    )
    assert "| 127.0.0.1:8001 | 14 | 14 |" in text
    before, _, folded = text.partition("<details>")
    assert "bind(19" not in before
    assert '\n   403  bind(19, {AF_INET, htons(0), "0.0.0.0"}) = 0\n' in folded


@pytest.mark.parametrize("names", [("empty",), ("empty", "other"), ("missing",)])
def test_where_nothing_can_be_read_the_report_says_so(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"\x7fELF" + bytes(300))
    files = [str(tmp_path / name) for name in names]
    for words in ([], ["--redact", "paths"]):
        done = CliRunner().invoke(app, ["check", *files, *words, "--format", "github"])
        assert done.exit_code == 2
        errors = done.stdout.splitlines()
        assert len(errors) == len(files)
        assert {error.partition("::")[2].split(" ")[0] for error in errors} == {"error"}
        assert all((file in done.stdout) is (not words) for file in files)
        done = CliRunner().invoke(app, ["check", *files, *words, "--format", "junit"])
        assert done.exit_code == 2
        root = ET.fromstring(done.stdout)
        assert (root.get("tests"), root.get("errors")) == ("1", "1")
        assert len((root.findtext(".//error") or "").splitlines()) == len(files)
        assert all((file in done.stdout) is (not words) for file in files)


def test_a_report_to_a_file_says_that_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    report = tmp_path / "report.xml"
    words = ["check", str(tmp_path / "empty"), "--format", "junit", "-o", str(report)]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert ET.parse(report).getroot().get("errors") == "1"


BOUND_UNUSED = b"""\
7 09:59:59.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
7 09:59:59.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
7 09:59:59.000200 close(3) = 0
7 10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
7 10:00:00.000100 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 10:00:04.000200 close(3) = 0
7 10:00:04.000300 exit_group(0) = ?
"""
"""another socket is connected: connect() is traced, or it could have been left out"""


@pytest.mark.parametrize(
    ("gate", "status", "name"), [("bound-unused", 1, "error"), ("warning", 0, "notice")]
)
def test_a_note_that_meets_the_gate_is_an_error_to_github(
    gate: str, status: int, name: str, tmp_path: Path
) -> None:
    (tmp_path / "trace").write_bytes(BOUND_UNUSED)
    words = ["check", str(tmp_path / "trace"), "--format", "github", "--fail-on", gate]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == status
    (line,) = [line for line in done.stdout.splitlines() if "title=bound-unused" in line]
    assert line.startswith(f"::{name} file=")
