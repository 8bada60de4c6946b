"""Nothing that a program sent or received is in any report, whatever -s the trace was taken with."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.written import written

import strace_analyzer as sa
from strace_analyzer.report.formats.registry import report_formats
from strace_analyzer.rules.evidence import without_payload

TRACE = b"""\
7 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3
7 sendto(3, "SECRET", 10, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.7")}, 16) = 10
7 recvfrom(3, "SECRET", 512, 0, NULL, NULL) = 10
7 close(3) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.8")}, 16) = -1 EINPROGRESS (Operation now in progress)
7 write(3, "SECRET", 12) = 12
7 sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="SECRET", iov_len=11}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 11
7 read(3, "SECRET", 100) = 11
7 read(3, "", 100) = 0
7 send(3, "SECRET\\"SECRET"..., 10, 0) = -1 EPIPE (Broken pipe)
7 sendto(3, "SECRET", 12, 0 <unfinished ...>
7 close(3) = 0
7 write(3, "SECRET = garbage
7 sendto(9, "SECRET", 11, MSG_FASTOPEN, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.9")}, 16) = 11
"""


@pytest.mark.parametrize("format", report_formats())
def test_no_format_has_it(format: str) -> None:
    report = written(format, sa.analyze(io.BytesIO(TRACE)), everything=True)
    assert "192.0.2.8" in report
    assert "SECRET" not in report


def test_the_calls_that_carried_it_are_there() -> None:
    report = written("json", sa.analyze(io.BytesIO(TRACE)))
    assert 'write(3, \\"\\"..., 12) = 12' in report


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_characters="\n"), min_size=1))
def test_an_address_stays_and_whatever_was_sent_goes(payload: str) -> None:
    shown = payload.replace("\\", "\\\\").replace('"', '\\"')
    address = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.7")}'
    text = f'sendto(3, "{shown}", 9, 0, {address}, 16) = 9'
    assert without_payload("sendto", text) == f'sendto(3, ""..., 9, 0, {address}, 16) = 9'
