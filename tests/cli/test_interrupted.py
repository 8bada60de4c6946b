"""A file that a signal kept from being read to its end is never clean, in any format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.cli.interrupt import _share
from strace_analyzer.errors import InterruptedReadError
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.source import SourceInput, TraceInput

CLIENT = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


@dataclass(frozen=True, slots=True)
class Stopped(SourceInput):
    """A source whose reading is interrupted behind its first block."""

    def blocks(self, *how: object) -> Iterator[bytes]:
        yield CLIENT.encode()
        raise InterruptedReadError(" (14 %)")


@pytest.mark.parametrize("strict", [False, True])
def test_an_interrupted_reading_says_how_far_it_came(strict: bool) -> None:
    trace = TraceInput("t1", "a", (Stopped("a", Path("a"), None),))
    analysis = analyze_traces([trace], Settings(rules=catalogue(), strict=strict))
    judgement = judge(Selected(analysis), parse_gate((), ()))
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2)
    (warning,) = analysis.warnings
    assert (warning.code, warning.message) == ("interrupted", "interrupted after 3 lines (14 %)")
    assert analysis.traces[0].inconclusive == warning.message


def test_the_share_is_said_where_it_is_known() -> None:
    assert _share(14, 100) == " (14 %)"
    assert _share(14, 0) == ""
    assert _share(300, 100) == ""  # compressed
