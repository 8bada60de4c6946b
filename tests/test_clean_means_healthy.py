"""`clean` is said of no trace in which a connection failed for want of a local port or an address."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

import pytest
from shared_folder import CASES, CORPUS, ROOT, TRACES, TRACES2

import strace_analyzer as sa
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

_LACKS = re.compile(
    r"(connect(\(| resumed).*= -1 EADDRNOTAVAIL"
    r"|bind\(.*htons\(0\).*= -1 EADDRINUSE|bind(\(| resumed).*= -1 EADDRNOTAVAIL"
    r"|listen(\(| resumed).*= -1 EADDRINUSE|(connect|sendto)\(.*sa_family.*= -1 EAGAIN)(?!.*\(INJECTED)"
)
"""said of the lines alone, whatever the model makes of them"""
SAMPLES = sorted((ROOT / "samples").glob("*.strace"))


def verdict(trace: Path | str) -> str:
    return judge(Selected(sa.analyze(trace)), Gate()).verdict


def lacks(trace: Path) -> bool:
    files = [file for file in trace.iterdir() if file.is_file()] if trace.is_dir() else [trace]
    return any(_LACKS.search(line) for file in files for line in _lines(file))


def _lines(file: Path) -> list[str]:
    data = file.read_bytes()
    whole = lzma.decompress(data) if file.suffix == ".xz" else data
    return whole.decode("utf-8", "replace").splitlines()


def _below(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix not in (".tsv", ".md"))


GIVEN = [
    trace for folder in (TRACES, TRACES2, TRACES2 / "minimal") for trace in _below(folder, "*")
]


@pytest.mark.labels
@pytest.mark.parametrize("trace", GIVEN, ids=lambda trace: trace.name)
def test_no_given_trace_that_lacked_a_port_is_clean(trace: Path) -> None:
    if lacks(trace):
        assert verdict(trace) != "clean"


@pytest.mark.labels
def test_enough_of_the_given_traces_lack_one() -> None:
    """Or the test above would say nothing."""
    assert sum(map(lacks, GIVEN)) > 30


@pytest.mark.cases
@pytest.mark.parametrize("folder", ["reading", "diagnosis"])
def test_no_case_that_lacked_a_port_is_clean(folder: str) -> None:
    traces = [trace for trace in _below(CASES / folder, "*.strace*") if lacks(trace)]
    assert traces
    assert [trace.name for trace in traces if verdict(trace) == "clean"] == []


@pytest.mark.corpus
def test_no_trace_of_the_corpus_that_lacked_a_port_is_clean() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file() and file.suffix != ".tsv"]
    traces = [file for file in files if lacks(file)]
    assert traces
    assert [trace.name for trace in traces if verdict(trace) == "clean"] == []


V4 = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}'
V6 = (
    "{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
    'inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}'
)
NO_ADDRESS = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
IN_USE = "-1 EADDRINUSE (Address already in use)"
LACKING = {
    "connect": [f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = {NO_ADDRESS}"],
    "connect, IPv6": [f"connect(900, {V6}, 28) = {NO_ADDRESS}"],
    "connect from a named port": [
        f"bind(900, {V4 % (5000, '0.0.0.0')}, 16) = 0",
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = {NO_ADDRESS}",
    ],
    "connect, in two halves": [
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16 <unfinished ...>",
        f"<... connect resumed>) = {NO_ADDRESS}",
    ],
    "bind to port 0": [f"bind(900, {V4 % (0, '0.0.0.0')}, 16) = {IN_USE}"],
    "bind to an address": [f"bind(900, {V4 % (0, '192.0.2.44')}, 16) = {NO_ADDRESS}"],
    "listen": [f"listen(900, 5) = {IN_USE}"],
}
"""one socket more that lacks a port or an address, in as many ways"""


@pytest.mark.parametrize("ending", LACKING.values(), ids=LACKING.keys())
def test_a_clean_sample_is_not_clean_with_one_such_call_more(ending: list[str]) -> None:
    clean = [sample for sample in SAMPLES if verdict(sample) == "clean"]
    assert clean
    for sample in clean:
        lines = sample.read_text(errors="replace").splitlines()
        whole = next(line for line in reversed(lines) if re.search(r"\) += ", line))
        before = whole[: re.search(r"[a-z]\w*\(", whole).start()]
        made = ["socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 900", *ending]
        at = lines.index(whole) + 1
        more = [*lines[:at], *(before + call for call in made), *lines[at:]]
        assert verdict("\n".join(more) + "\n") != "clean", sample.name
