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
    "connect, told by SO_ERROR": [
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = -1 EINPROGRESS (Operation now in progress)",
        "getsockopt(900, SOL_SOCKET, SO_ERROR, [EADDRNOTAVAIL], [4]) = 0",
    ],
    "connect, IPv6, told by SO_ERROR": [
        f"connect(900, {V6}, 28) = -1 EINPROGRESS (Operation now in progress)",
        "getsockopt(900, SOL_SOCKET, SO_ERROR, [EADDRNOTAVAIL], [4]) = 0",
    ],
    "connect, told by the second one": [
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = -1 EINPROGRESS (Operation now in progress)",
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = {NO_ADDRESS}",
    ],
    "connect, told by the first data": [
        "setsockopt(900, SOL_TCP, TCP_FASTOPEN_CONNECT, [1], 4) = 0",
        f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = 0",
        f'write(900, "x", 1) = {NO_ADDRESS}',
    ],
    "connect in use": [f"connect(900, {V4 % (80, '192.0.2.7')}, 16) = {IN_USE}"],
    "connect by sendto": [
        f'sendto(900, "x", 1, MSG_FASTOPEN, {V4 % (80, "192.0.2.7")}, 16) = {NO_ADDRESS}'
    ],
    "connect by sendmsg": [
        f"sendmsg(900, {{msg_name={V4 % (80, '192.0.2.7')}, msg_namelen=16, msg_iov=[], "
        f"msg_iovlen=0, msg_controllen=0, msg_flags=0}}, MSG_FASTOPEN) = {NO_ADDRESS}"
    ],
    "sendto": [f'sendto(901, "x", 1, 0, {V4 % (53, "192.0.2.7")}, 16) = {NO_ADDRESS}'],
    "sendto, IPv6": [f'sendto(902, "x", 1, 0, {V6}, 28) = {NO_ADDRESS}'],
    "sendto without a port": [
        f'sendto(901, "x", 1, 0, {V4 % (53, "192.0.2.7")}, 16) = '
        "-1 EAGAIN (Resource temporarily unavailable)"
    ],
    "sendmsg": [
        f"sendmsg(901, {{msg_name={V4 % (53, '192.0.2.7')}, msg_namelen=16, msg_iov=[], "
        f"msg_iovlen=0, msg_controllen=0, msg_flags=0}}, 0) = {NO_ADDRESS}"
    ],
    "sendmmsg": [
        f"sendmmsg(901, [{{msg_hdr={{msg_name={V4 % (53, '192.0.2.7')}, msg_namelen=16, "
        f"msg_iov=[], msg_iovlen=0, msg_controllen=0, msg_flags=0}}}}], 1, 0) = {NO_ADDRESS}"
    ],
    "bind of a datagram socket": [f"bind(901, {V4 % (0, '192.0.2.44')}, 16) = {NO_ADDRESS}"],
    "bind to a port": [f"bind(900, {V4 % (6140, '0.0.0.0')}, 16) = {IN_USE}"],
}
"""one socket more that lacks a port or an address, in as many ways"""
MADE = [
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 900",
    "socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 901",
    "socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 902",
]


@pytest.mark.parametrize("ending", LACKING.values(), ids=LACKING.keys())
def test_a_clean_sample_is_not_clean_with_one_such_call_more(ending: list[str]) -> None:
    clean = [sample for sample in SAMPLES if verdict(sample) == "clean"]
    assert clean
    for sample in clean:
        lines = sample.read_text(errors="replace").splitlines()
        whole = next(line for line in reversed(lines) if re.search(r"\) += ", line))
        before = whole[: re.search(r"[a-z]\w*\(", whole).start()]
        made = [*MADE, *ending]
        at = lines.index(whole) + 1
        more = [*lines[:at], *(before + call for call in made), *lines[at:]]
        assert verdict("\n".join(more) + "\n") != "clean", sample.name
