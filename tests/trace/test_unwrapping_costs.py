"""The stage that unwraps is out of the way of an ordinary trace: a count, not a time."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

from hypothesis import given
from hypothesis import strategies as st

import strace_analyzer as sa
from strace_analyzer.trace.input import wrapping
from strace_analyzer.trace.input.wrapping import folds

PLACE = str(Path(wrapping.__file__).parent)
LINES = [
    b"18433 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
    b'18433 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16)'
    b" = 0",
    b'18433 write(3, "GET / HTTP/1.0\\r\\n"..., 40) = 40',
    b"18433 close(3) = 0",
]


def entered(lines: list[bytes]) -> int:
    """How many functions of the stage are entered while `lines` are read."""
    count = 0

    def enters(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(PLACE)

    sys.setprofile(enters)
    try:
        for _ in sa.parse(lines):
            pass
    finally:
        sys.setprofile(None)
    return count


def test_behind_its_sample_the_stage_costs_no_line_of_an_ordinary_trace_anything() -> None:
    entered(LINES * 50)  # what is learned of patterns is learned now

    assert entered(LINES * 500) == entered(LINES * 50) > 0


def test_a_wrapped_trace_goes_through_the_stage_to_its_end() -> None:
    wrapped = [b"> " + line for line in LINES]

    assert entered(wrapped * 100) > entered(wrapped * 50)


@given(st.binary(max_size=9).map(lambda raw: bytes(b" 01axf>(E)<."[byte % 12] for byte in raw)))
def test_the_rest_of_a_result_is_what_it_was(text: bytes) -> None:
    plain = re.compile(
        rb"[ \t]*(?:[0-9a-fx]*[0-9][0-9a-f]*)?(?:[^ (]*>)?"
        rb"(?: ?[A-Z][A-Z0-9_]*)?(?: ?\(.*\))?(?: ?<[0-9]*\.?[0-9]+>)?"
    )
    assert (plain.fullmatch(text) is None) == (folds._REST.fullmatch(text) is None)
