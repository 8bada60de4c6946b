"""What is said beside a call of the proof comes from its values, however strace printed them."""

from __future__ import annotations

import io

import pytest

import strace_analyzer as sa
from strace_analyzer.rules.remarks import remark

PROOF = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 {between}
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
7 close(3) = 0
"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0", "too late: after bind()"),
        ("setsockopt(3, 0, 0x18, [1], 4) = 0", "too late: after bind()"),
        ("setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", ""),
        (
            'getsockname(3, {sa_family=AF_INET, sin_port=htons(40123), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0',
            "port 40123 is taken",
        ),
        (
            'getsockname(3, {sa_family=0x2, sin_port=htons(40123), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0',
            "port 40123 is taken",
        ),
    ],
)
def test_a_call_between_bind_and_connect(call: str, said: str) -> None:
    trace = PROOF.replace("{between}", call)
    (finding,) = sa.analyze(io.BytesIO(trace.encode())).findings
    (between,) = (record for record in finding.trail if record.line == 3)
    assert remark(between, finding) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1]", "switched on"),
        ("[0]", "switched off"),
        (r'"\1\0\0\0"', "switched on"),
        (r'"\0\0\0\0"', "switched off"),
        ('""...', "on or off: not shown"),
    ],
)
def test_the_option_that_would_help(value: str, said: str) -> None:
    option = f"setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, {value}, 4) = 0"
    off = "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [0], 4) = 0"
    trace = PROOF.replace("7 bind", f"7 {option}\n7 {off}\n7 bind").replace("7 {between}\n", "")
    (finding,) = sa.analyze(io.BytesIO(trace.encode())).findings
    (before,) = (record for record in finding.trail if record.line == 2)
    assert remark(before, finding) == said


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("getpid() = 7", "then likely TIME_WAIT"),
        ('read(3, "", 9) = 0', ""),
    ],
)
def test_what_is_left_of_a_connection_is_probable_until_an_end_was_read(
    last: str, said: str
) -> None:
    """The other end may have been closed first, in the same trace even, and nobody read that."""
    calls = PROOF.replace("{between}", "getpid() = 7").replace("7 close", f"7 {last}\n7 close")
    (finding,) = sa.analyze(io.BytesIO(calls.encode())).findings
    (close,) = (record for record in finding.trail if record.role == "close")
    assert remark(close, finding).rpartition(", ")[2] == said
