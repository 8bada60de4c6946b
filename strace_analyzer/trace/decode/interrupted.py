"""Join calls that were cut in the middle of a line with their rest; pass on all other frames.

On a terminal, one of strace's notices or the traced program's output can appear in the middle of a
line. The rest then follows on a later line, without a mark, and before any other record: lines that
strace itself leaves for another task are marked (`printing_tcp` in its sources).
"""

from __future__ import annotations

from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.frames import End, Frame, Kind
from strace_analyzer.trace.events import Span

CUT = (End.CUT, End.INTRUDED)

_WITHIN_A_CALL = frozenset(
    (Kind.FOREIGN, Kind.ATTACHED, Kind.DETACHED, Kind.NOTICE, Kind.DUMP, Kind.STACK)
)


class Mender:
    """The state of one source."""

    def __init__(self, calls: CallParser) -> None:
        self._calls = calls
        self.cut: Frame | None = None
        """the call whose rest is awaited"""

    def mend(self, frame: Frame) -> tuple[Frame, ...]:
        """Return the frames that are complete now. A cut frame that is returned as it was has no
        rest in this source."""
        cut = self.cut
        if cut is None:
            if frame.end in CUT:
                self.cut = frame
                return ()
            return (frame,)
        if frame.kind is Kind.REST:
            self.cut = None
            return (_joined(cut, b"", frame),)
        if frame.kind in _WITHIN_A_CALL:
            return (frame,)
        if frame.kind is Kind.SUSPECT:  # a record that was folded when it was pasted
            whole = _joined(cut, b" ", frame._replace(body=frame.body.strip()))
            if self._calls.whole(whole.body) is None:
                return (frame,)
            self.cut = None
            return (whole,)
        self.cut = None
        return (cut, *self.mend(frame))

    def identified(self, tid: int) -> None:
        """Task 0, whose call may be cut, turned out to be `tid`."""
        if self.cut is not None and self.cut.tid == 0:
            self.cut = self.cut._replace(tid=tid)

    def close(self) -> tuple[Frame, ...]:
        """End the source: a call that is still cut has only begun."""
        cut, self.cut = self.cut, None
        return () if cut is None else (cut._replace(end=End.INTRUDED),)


def _joined(cut: Frame, between: bytes, rest: Frame) -> Frame:
    return cut._replace(
        end=rest.end,
        body=cut.body + between + rest.body,
        span=Span(cut.span.source, cut.span.first, rest.span.last),
        number=rest.number,
        lines=cut.lines + rest.lines,
        seam=len(cut.body),
    )
