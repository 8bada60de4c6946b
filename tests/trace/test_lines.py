"""A physical line as one Line, or as two where a notice of strace's own cut it."""

from __future__ import annotations

import pytest

from strace_analyzer.trace.decode.lines import Line, lines


def test_ends_blanks_and_colours_are_removed() -> None:
    assert lines(2, 7, b"\x1b[90mclose\x1b[0m(3) = 0 \t\r\n") == (Line(2, 7, b"close(3) = 0"),)


@pytest.mark.parametrize(
    ("text", "head", "notice"),
    [
        (
            b"clone(flags=SIGCHLDstrace: Process 900 attached",
            b"clone(flags=SIGCHLD",
            b"strace: Process 900 attached",
        ),
        (
            b"[pid   812] read(3, /opt/bin/strace: Process 900 attached",
            b"[pid   812] read(3, ",
            b"/opt/bin/strace: Process 900 attached",
        ),
        (b"clone(Process 900 attached", b"clone(", b"Process 900 attached"),
        (
            b'open("/strace: x", O_RDstrace: Process 900<sh> detached',
            b'open("/strace: x", O_RD',
            b"strace: Process 900<sh> detached",
        ),
        (
            b"812 <... execve resumed>strace: [ Process PID=812 runs in 32 bit mode. ]",
            b"812 <... execve resumed>",
            b"strace: [ Process PID=812 runs in 32 bit mode. ]",
        ),
    ],
)
def test_a_notice_is_taken_out(text: bytes, head: bytes, notice: bytes) -> None:
    assert lines(0, 4, text) == (
        Line(0, 4, head, is_cut=True),
        Line(0, 4, notice, counts=0),
    )


@pytest.mark.parametrize(
    "text",
    [
        b"strace: Process 900 attached",
        b"Process 900 attached",
        b'write(2, "Process 900 attached", 20) = 20',
        b'write(2, "strace: Process 900 attached"..., 99) = 99',
        b"the Process 900 attached",
    ],
)
def test_a_whole_line_stays_whole(text: bytes) -> None:
    assert lines(0, 1, text) == (Line(0, 1, text),)
