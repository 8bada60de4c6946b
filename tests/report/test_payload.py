"""Nothing that a program sent or received is in any report, whatever -s the trace was taken with, by
any command; `events`, which is the trace as data, has it unless it is redacted."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from report.written import written

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.report.formats.registry import (
    comparison_formats,
    merged_formats,
    report_formats,
    table_formats,
)
from strace_analyzer.report.redaction import KINDS, Redaction
from strace_analyzer.report.tally.keys import KEYS
from strace_analyzer.rules.payload import without_payload
from strace_analyzer.trace.constants import OPTIONS_OF_LEVEL, SOCKET_LEVELS

TRACE = b"""\
7 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3
7 sendto(3, "SECRET", 10, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.7")}, 16) = 10
7 recvfrom(3, "SECRET", 512, 0, NULL, NULL) = 10
7 close(3) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.8")}, 16) = -1 EINPROGRESS (Operation now in progress)
7 setsockopt(3, SOL_TCP, TCP_MD5SIG, "SECRET", 216) = 0
7 setsockopt(3, SOL_TLS, TLS_TX, "SECRET"..., 40) = 0
7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, "SECRET", 6) = 0
7 getsockopt(3, SOL_TCP, TCP_FASTOPEN_KEY, "SECRET", [16]) = 0
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


@given(st.text(st.characters(codec="ascii", exclude_characters="\n"), min_size=1))
def test_an_address_stays_and_whatever_was_sent_goes(payload: str) -> None:
    shown = payload.replace("\\", "\\\\").replace('"', '\\"')
    address = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.7")}'
    text = f'sendto(3, "{shown}", 9, 0, {address}, 16) = 9'
    assert without_payload("sendto", text) == f'sendto(3, ""..., 9, 0, {address}, 16) = 9'


@pytest.mark.parametrize(
    "text", ['read(7, ""..., 4096) = 12', 'read(7, "", 4096) = 0', 'writev(7, [{""..., 3}], 1) = 3']
)
def test_what_strace_left_out_itself_is_quoted_as_it_stands(text: str) -> None:
    assert without_payload(text.partition("(")[0], text) == text


OPTIONS = sorted(
    {("SOL_TLS", "TLS_TX"), ("SOL_ALG", "ALG_SET_KEY"), ("SOL_TCP", "TCP_AO_ADD_KEY")}
    | {
        (level, option)
        for level, code in SOCKET_LEVELS.items()
        for option in OPTIONS_OF_LEVEL.get(code, {})
    }
)
VALUES = (
    '"{}"',
    '"{}"...',
    '["{}"]',
    '{{key="{}", keylen=9}}',
    '[{{name="eth0", key="{}"}}, 7]',
    '"{}',
)


@settings(max_examples=60)
@given(st.data())
def test_no_value_of_a_socket_option_is_in_any_report(data: st.DataObject) -> None:
    """Whichever option, in whichever spelling, and whatever else is asked for."""
    calls = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["setsockopt", "getsockopt"]),
                st.sampled_from(OPTIONS),
                st.sampled_from(VALUES),
                st.sampled_from(["SECRETSECRETSECRET", r"\1\0SECRET\"SECRET", r"\x53SECRET"]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    lines = "".join(
        f"7 {name}(3, {level}, {option}, {value.format(secret)}, 16) = 0\n"
        for name, (level, option), value, secret in calls
    )
    socket, connect = b"7 bind(3", b"7 write(3"
    text = TRACE.replace(socket, lines.encode() + socket).replace(
        connect, lines.encode() + connect, 1
    )
    kinds = data.draw(st.sampled_from([(), *((kind,) for kind in KINDS), KINDS]))
    made = sa.analyze(io.BytesIO(text))
    if kinds:
        made = Redaction(kinds).analysis(made)
    for format in report_formats():
        assert "SECRET" not in written(format, made, everything=True), format


@pytest.mark.parametrize(
    "option",
    [
        'SOL_SOCKET, SO_BINDTODEVICE, "eth0.100", 9',
        r'SOL_SOCKET, SO_BINDTODEVICE, "lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16',
        'SOL_TCP, TCP_CONGESTION, "bbr", 3',
        'SOL_TCP, TCP_ULP, ["tls"], 4',
        'SOL_IPV6, IPV6_MULTICAST_IF, [if_nametoindex("eth0")], 4',
        'SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr("224.0.0.251")}, 8',
    ],
)
def test_names_and_addresses_of_options_stay(option: str) -> None:
    call = f"setsockopt(3, {option}) = 0"
    assert without_payload("setsockopt", call) == call


def test_redacted_events_keep_and_redact_what_the_option_names(tmp_path: Path) -> None:
    path, out = tmp_path / "trace", tmp_path / "out"
    path.write_text(
        'setsockopt(3, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5) = 0\n'
        'setsockopt(3, SOL_TCP, TCP_CONGESTION, "bbr", 3) = 0\n'
        'setsockopt(3, SOL_TCP, TCP_MD5SIG, "hunter2", 7) = 0\n'
    )
    assert main(["events", "--redact", "addresses", "-o", str(out), str(path)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    values = [row["args"][3]["text"] for row in rows if row["type"] == "syscall"]
    assert values == ['"if-1"', '"bbr"', '""...']


FIXED = TRACE.replace(
    b'7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n',
    b"",
)
EVERYWHERE = [
    *(("check", "--all", "--format", form) for form in report_formats()),
    *(("check", "--merged", "--format", form) for form in merged_formats()),
    *(("sockets", "--format", form) for form in table_formats()),
    ("sockets", "--all"),
    *(("sockets", "--line", str(line)) for line in range(1, TRACE.count(b"\n") + 1)),
    *(("ports", "--format", form) for form in table_formats()),
    *(("summary", "--by", by) for by in KEYS),
    *(("summary", "--format", form) for form in table_formats()),
    ("tree",),
    ("tree", "--format", "json"),
    *(("compare", "--format", form) for form in comparison_formats()),
    *(
        ("events", "--raw", "--argv", "--redact", kind, "--format", form)
        for kind in KINDS
        for form in ("jsonl", "csv", "parquet")
    ),
]


@pytest.mark.parametrize("words", EVERYWHERE, ids=" ".join)
def test_no_command_says_it(words: tuple[str, ...], tmp_path: Path) -> None:
    traces = [tmp_path / "trace", tmp_path / "fixed"]
    for path, text in zip(traces, (TRACE, FIXED), strict=True):
        path.write_bytes(text)
    out = tmp_path / "out"
    command, *options = words
    given = traces if command == "compare" or "--merged" in words else traces[:1]
    assert main([command, *options, "-o", str(out), *map(str, given)]) in (0, 1, 2)
    said = out.read_bytes()
    if "parquet" in words:
        said = json.dumps(parquet.read_table(out).to_pylist(), default=str).encode()
    assert said
    assert b"SECRET" not in said


def test_events_are_data_and_have_it_unless_they_are_redacted(tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    path, out = tmp_path / "trace", tmp_path / "out"
    path.write_bytes(TRACE)
    assert main(["events", "-o", str(out), str(path)]) == 0
    assert out.read_text().count("SECRET") > 6
