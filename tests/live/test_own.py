"""A piece of a trace, cut out while it grows, reads as one at whose end strace let go."""

from __future__ import annotations

from strace_analyzer.live.own import let_go

WHOLE = b"""\
7 dup(0) = 3
8 accept(4 <unfinished ...>
7 close(3 <unfinished ...>
9 connect(5, ... <unfinished ...>
7 <... close resumed>) = 0
"""


def test_what_is_under_way_at_the_end_is_let_go() -> None:
    assert let_go(WHOLE) == WHOLE.replace(
        b"accept(4 <unfinished ...>", b"accept(4 <detached ...>"
    ).replace(b"... <unfinished ...>", b"... <detached ...>")


def test_the_last_line_may_be_half_written() -> None:
    assert let_go(b"7 dup(0) = 3\n8 accept(4, ") == b"7 dup(0) = 3\n8 accept(4,  <detached ...>\n"


def test_nothing_is_nothing() -> None:
    assert let_go(b"") == b""
