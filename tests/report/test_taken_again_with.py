"""The command line with which to take a trace again is the same in every format."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.report.redaction import Redaction
from strace_analyzer.report.selection import Selection

TRACE = b"""\
7 execve("/usr/bin/curl", ["curl", "-s", "http://127.0.0.1:1"], 0x7ffc /* 36 vars */) = 0
7 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3
7 read(3, ""..., 4096) = 0
7 exit_group(7) = ?
"""
CURL = "-- curl -s http://127.0.0.1:1"
ATTACHED = "-p PID"
UNSHOWN = TRACE.replace(b'["curl", "-s", "http://127.0.0.1:1"]', b'["curl", ...]')
FORMATS = ("text", "markdown", "github", "sarif", "json", "jsonl", "html")


def plain(format: str, text: str) -> str:
    """The report as its reader sees it: unescaped, as far as a command line needs it."""
    if format in ("json", "sarif", "jsonl"):
        return "\n".join(
            map(str, map(json.loads, text.splitlines() if format == "jsonl" else [text]))
        )
    if format == "github":
        return text.replace("%25", "%")
    if format == "markdown":
        return re.sub(r"\\(.)", r"\1", html.unescape(text))
    return html.unescape(text) if format == "html" else text


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("trace", "hidden", "target"),
    [
        (TRACE, (), CURL),
        (TRACE, ("commands",), ATTACHED),
        (TRACE, ("addresses",), ATTACHED),
        (UNSHOWN, (), ATTACHED),
    ],
)
def test_every_format_has_the_same_command_line(
    format: str, trace: bytes, hidden: tuple[str, ...], target: str
) -> None:
    redaction = Redaction(hidden) if hidden else None
    made = sa.analyze(io.BytesIO(trace))
    text = plain(format, written(format, made, Selection(redaction=redaction)))
    found = re.findall(r"strace -f\S* .*?\)v\?\$\\?' (-p \w+|-- [-\w]+(?: [-\w:/.]+)*)", text)
    assert found, text
    assert set(found) == {target}
