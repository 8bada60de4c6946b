"""Unwrap the files of a -ff family.

If the first lines of a family show that its files were wrapped (a time before each line, quoting,
the marks of `cat -A`), each file is read through the unwrapping stage. A folded record is given on
its first line and the others are empty, so line numbers stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice

from strace_analyzer.errors import TraceError
from strace_analyzer.faults import Guard
from strace_analyzer.trace.decode.grades import judge
from strace_analyzer.trace.decode.lines import plain
from strace_analyzer.trace.decode.stream import call_parser
from strace_analyzer.trace.input.accounting import Accounting
from strace_analyzer.trace.input.content import BLOCK_SIZE, Block, Tell, nobody, rows
from strace_analyzer.trace.input.source import SourceInput
from strace_analyzer.trace.input.wrapping.stage import Unwrapped, Unwrapping

_FIRST_LINES = 20
"""Lines that decide for a whole family, as its files were written alike."""


def unwrapped(sources: Sequence[SourceInput]) -> Sequence[SourceInput]:
    """Return `sources`, as UnwrappedInput if the first lines of the first non-empty one are
    wrapped.

    Raises TraceError if that one cannot be read.
    """
    for source in sources:
        block = source.first_block()
        if block:
            return [_unwrapping(one) for one in sources] if _is_wrapped(block) else sources
    return sources


def _is_wrapped(block: Block) -> bool:
    stage = _stage()
    with Guard():  # reported when it is read
        for number, raw in enumerate(islice(rows(block), _FIRST_LINES), 1):
            stage.feed(number, plain(raw))
        stage.close()
    return stage.has_found


def _stage() -> Unwrapping:
    return Unwrapping(judge(call_parser()))


@dataclass(frozen=True, slots=True)
class UnwrappedInput(SourceInput):
    """A source that is read through the unwrapping stage."""

    _stages: list[Unwrapping] = field(default_factory=list, compare=False)
    """The stages of the last reading."""

    def blocks(self, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
        """Like SourceInput.blocks, unwrapped. Also raises TraceError if the source contains lines
        of several traces."""
        stage = _stage()
        self._stages[:] = [stage]
        number, end = 0, b"\n"
        for block in SourceInput.blocks(self, size, tell):
            found: list[bytes] = []
            for raw in rows(block):
                number += 1
                found += [raw] if stage.is_off else _texts(stage.feed(number, plain(raw)))
            end = b"\n" if block.endswith(b"\n") else b""
            if found:
                yield b"\n".join(found) + (end if stage.is_off else b"\n")
        last = _texts(stage.close())
        if len(stage.streams) > 1 or stage.is_diff:
            raise TraceError(
                f"{self.name}: the lines of several traces stand in it: take them apart"
            )
        if last:
            yield b"\n".join(last) + end

    def tell(self, account: Accounting) -> None:
        """Record what the stage did and could not decide, once everything is read."""
        for stage in self._stages:
            account.was_unwrapped(stage.notes, stage.unescaped, stage.folded_results, stage.gaps)


def _texts(lines: Sequence[Unwrapped]) -> list[bytes]:
    return [text for line in lines for text in (line.text, *[b""] * (line.counts - 1))]


def _unwrapping(source: SourceInput) -> UnwrappedInput:
    return UnwrappedInput(**{one.name: getattr(source, one.name) for one in fields(source)})
