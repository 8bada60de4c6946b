"""Any bytes end in events, never in an exception: pieces of traces, put together at random."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scraps import SCRAPS

import strace_analyzer as sa
from strace_analyzer.trace.reader import EventStream

BEGINNING = b"".join(
    b"".join(lines)
    for lines in [
        [
            b'812 14:29:55.7 openat(AT_FDCWD, "/nope", O_RDONLY) = -1 ENOENT (No such file)\n',
            b"812 14:29:55.7 futex(0x7f00, FUTEX_WAKE_PRIVATE, 1) = 1\n",
            b"812 14:29:55.7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\n",
            b"812 14:29:55.7 connect(3, {sa_family=AF_INET, sin_port=htons(80), "
            b'sin_addr=inet_addr("192.0.2.1")}, 16) = 0\n',
            b"812 14:29:55.7 close(3) = 0\n",
        ]
        * 330
    ]
)
"""After it a reader knows which lines it can leave out: it is longer than a first block."""

HOSTILE = st.sampled_from(
    [
        *(b"7" * 5000, b"007", b"0x" + b"f" * 300, b"-", b"9" * 30, b"[" * 300, b"!" * 300),
        *(b"<... r\x85ad resumed>", b"<TCP:[1.2.3.4:", b"dup(", b"socket(AF_INET, ", b"\x85("),
        *(b"<socket:[", b"]>", b"  [pid 1] ", b'""0.0.0.0""', b" <0.", b"close(", b"htons("),
        *(b"/* ", b" in strace's PID NS */", b"+++ exited with ", b" +++", b"[pid ", b"fcntl(3, "),
        *(b"<pid changed to ", b" ...>", b"strace: Process ", b" attached", b"14:29:55.", b"\r"),
        *(
            b"\v",
            b"\f",
            b"\x85",
            b"\xc2\x85",
            b"\xe2\x80\xa8",
            b"\x1c",
        ),  # which end lines elsewhere
    ]
)
LINES = st.lists(
    st.lists(st.one_of(SCRAPS, HOSTILE, st.binary(max_size=6)), min_size=1, max_size=8).map(
        b"".join
    ),
    max_size=12,
)


def lines_of(text: bytes) -> int:
    return text.count(b"\n") + (not text.endswith(b"\n"))


LONG = b"7" * 5000


@settings(max_examples=60)
@given(texts=LINES)
@example(texts=[b"<... r\x85ad resumed>"])
@example(texts=[b"".join([b"close(5) = 0  [pid 1] "] * 2000)])
@example(texts=[b"1 close(" + LONG + b") = 0", b"1 dup(3) = " + LONG, b"1 dup(" + LONG + b") = 3"])
@example(texts=[LONG + b" close(3) = 0", b"[pid " + LONG + b"] close(3) = 0"])
@example(texts=[b"+++ exited with " + LONG + b" +++", b"1 close(3<TCP:[" + LONG + b"]>) = 0"])
@example(texts=[b"f(" + b"[" * 400 + b"]" * 400 + b") = 0", b"f(" + b"!" * 900 + b"1) = 0"])
def test_any_bytes_are_events(texts: list[bytes]) -> None:
    events = list(sa.parse(texts))
    for event in events:
        repr(event)
        if isinstance(event, sa.Syscall):
            assert event.text
            assert isinstance(event.args, tuple)
            assert event.result.value is None or abs(event.result.value) < 1 << 128


@settings(max_examples=15)
@given(texts=LINES)
@example(texts=[b"812 14:29:55.8 close(5) = 007", b"812 14:29:55.8 close(007) = 0"])
@example(texts=[b'812 14:29:55.8 openat(AT_FDCWD, "/a", O_RDONLY) = -0 ENOENT (No such file)'])
@example(texts=[b"812 14:29:55.8 dup(9) = " + LONG, b"812 14:29:55.8 close(" + LONG + b") = 0"])
@example(texts=[LONG + b" 14:29:55.8 close(3) = 0", b"812 close" + LONG + b"(3) = 0"])
def test_any_bytes_behind_a_beginning(
    texts: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    trace = tmp_path_factory.mktemp("any") / "any.strace"
    text = BEGINNING + b"\n".join(texts)
    trace.write_bytes(text)
    (result,) = sa.analyze(trace).traces
    (account,) = result.sources
    assert account.lines == lines_of(text)
    assert account.examined <= account.lines
    assert account.faults == []


HALVES = [b"7 read(3,  <unfinished ...>", b'7 <... read resumed>"x", 1) = 1', b"8 close(9) = 0"]


@pytest.mark.parametrize("name", [b"r\x85ad", b"\xff", b"read\x00", b"r" * 5000])
@pytest.mark.parametrize("end", [b'resumed>"x", 1) = 1', b"resumed>", b"resumed> <unfinished ...>"])
def test_a_half_of_any_name_behind_many_that_are_known(name: bytes, end: bytes) -> None:
    stream = EventStream()
    for line in [*HALVES * 60, HALVES[0], b"7 <... " + name + b" " + end, *HALVES]:
        stream.feed(line)
    stream.close()
    assert stream.accounting.faults == []
    assert stream.accounting.examined == stream.accounting.lines == 185
