"""GitHub annotations, JUnit XML and Markdown: what a person sees of them in CI and in a ticket."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree as ET

from report.written import written

import strace_analyzer as sa

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
        "### strace-analyzer: findings\n\n40 warnings; 40 outgoing TCP connections judged"
    )
    assert "| 127.0.0.1:8001 | 14 | 14 |" in text
    before, _, folded = text.partition("<details>")
    assert "bind(19" not in before
    assert '\n   403  bind(19, {AF_INET, htons(0), "0.0.0.0"}) = 0\n' in folded
