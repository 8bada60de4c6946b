"""Grade a text by frame.lark and call.lark, for the stage that unwraps lines."""

from __future__ import annotations

from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import End, Frame, FrameDecoder, Kind, is_known
from strace_analyzer.trace.decode.interrupted import CUT
from strace_analyzer.trace.decode.lines import Line, lines
from strace_analyzer.trace.decode.repair import has_output, two_records, without_output
from strace_analyzer.trace.events import WRITES, Call
from strace_analyzer.trace.input.wrapping.grade import Grade, Judge

_BELOW = (Kind.STACK, Kind.DUMP, Kind.TABLE, Kind.SUSPECT, Kind.REST)


def judge(calls: CallParser) -> Judge:
    """Return a function that grades a text, which is one line without its end."""

    def grade(text: bytes) -> Grade:
        if not text:
            return Grade.FOREIGN
        parts = lines(0, 1, text)
        if len(parts) > 1:
            return Grade.WHOLE  # it contains strace's own notice, as printed on a terminal
        frame = _frame(parts[0].text)
        if frame.kind is Kind.CALL:
            return _call(calls, frame)
        if frame.kind is Kind.RESUMED:
            return _resumed(calls, frame)
        if frame.kind is Kind.FOREIGN:
            return Grade.FOREIGN
        return Grade.SUSPECT if frame.kind in _BELOW else Grade.WHOLE

    return grade


def _frame(text: bytes) -> Frame:
    return FrameDecoder(Clock()).frame(Line(0, 1, text))


def _call(calls: CallParser, frame: Frame) -> Grade:
    if frame.end in CUT:
        return Grade.BEGUN
    if frame.end is not End.RESULT:
        # a write() may show the program's output, and where another call's line was cut
        is_sure = is_known(frame.name) and frame.name not in WRITES and calls.begins(frame.body)
        return Grade.WHOLE if is_sure else Grade.STRANGE
    call: Call | None = calls.whole(frame.body)
    if call is None or (call.name in WRITES and has_output(call)):
        mended = without_output(calls, frame.body) or two_records(calls, frame.body)
        return Grade.STRANGE if mended else Grade.BEGUN
    if not is_known(call.name):
        return Grade.STRANGE
    return Grade.OPEN if is_open(call) else Grade.WHOLE


def _resumed(calls: CallParser, frame: Frame) -> Grade:
    if frame.end in CUT:
        return Grade.BEGUN
    if frame.end is not End.RESULT:
        return Grade.WHOLE
    call: Call | None = calls.resumed(frame.name, frame.body)
    if call is None:
        return Grade.BEGUN
    return Grade.OPEN if is_open(call) else Grade.WHOLE


def is_open(call: Call) -> bool:
    """Whether something is missing at the end: strace prints an error after -1, and its description
    after the error."""
    result = call.result
    return result.note is None and (
        (result.value == -1 and result.errno is None) or result.errno is not None
    )
