"""Every sample with findings, with each deciding call and each pair of them filtered out as strace
does: no such trace is called clean as if it showed all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from analysis.filtering import SAMPLES, analysed, unchanged, without

from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected

CALLS = (
    "socket", "bind", "connect", "close", "dup[23]?", "fcntl", "setsockopt", "execve",
    "clone3?|v?fork", "getsockname",
)  # fmt: skip
LARGEST = 200_000
"""Bytes."""


def verdict(trace: Path, calls: str) -> tuple[str, bool]:
    """The verdict's word, and whether it is said that a bind() would not have been seen."""
    analysis = analysed(trace, without(calls) if calls else unchanged)
    word = judge(Selected(analysis), parse_gate((), ())).verdict
    return word, any(result.may_hide_bind for result in analysis.traces)


TRACES = [
    path
    for path in sorted(SAMPLES.glob("*.strace"))
    if path.stat().st_size < LARGEST and b"listen(" not in path.read_bytes()
]
"""Those of servers are left out: a socket that a server inherited was made by nobody seen."""


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_a_call_that_is_filtered_out_hides_no_finding_unsaid(trace: Path) -> None:
    if verdict(trace, "")[0] != "findings":
        pytest.skip("nothing to hide")
    pairs = itertools.combinations_with_replacement(CALLS, 2)
    for calls in ("|".join(dict.fromkeys(pair)) for pair in pairs):
        word, is_said = verdict(trace, calls)
        assert word in ("findings", "inconclusive") or is_said, calls


EVIDENCE = """\
7 execve("/x", ["x"], 0x7ffd /* 2 vars */) = 0
7 access("/etc/x", R_OK) = -1 ENOENT (No such file or directory)
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
"""
NAME = (
    'getsockname(3, {{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr("0.0.0.0")}}, [16])'
)
OTHERS = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
7 bind(5, {sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 listen(5, 5) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
7 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""


@pytest.mark.parametrize(
    ("between", "port", "expected"),
    [
        ("", 41000, "inconclusive"),
        ("", 0, "clean"),
        ("7 listen(3, 5) = 0\n", 41000, "clean"),
        ("7 listen(3, 5) = 0\n", 8080, "inconclusive"),
    ],
)
def test_a_port_that_nobody_was_seen_to_ask_for(
    tmp_path: Path, between: str, port: int, expected: str
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(f"{EVIDENCE}{between}7 {NAME.format(port)} = 0\n{OTHERS}")
    assert verdict(trace, "")[0] == expected
