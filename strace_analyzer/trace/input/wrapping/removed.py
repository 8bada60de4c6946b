"""What was removed from the lines of a source, in words for the report."""

from __future__ import annotations

import re
from collections import Counter

from strace_analyzer.trace.input.wrapping.prefixes import BLANKS
from strace_analyzer.trace.input.wrapping.reading import Chain
from strace_analyzer.trace.input.wrapping.structured import CSV, JSON_STRING

_FENCE = re.compile(
    rb"[ \t]*(?:(?:`{3,}|~{3,})[ \t]*[A-Za-z0-9_.+-]*"
    rb"|\{(?:code|noformat)[^{}]*\}|\[/?code[^\[\]]*\])"
)
_SECONDS = re.compile(rb"( *[0-9]+)([.,][0-9]+)? ")
_COLUMNS = 6


class Removed:
    """Counts what was removed."""

    def __init__(self) -> None:
        self.read: Counter[Chain] = Counter()
        """Records by the layers around them."""
        self._depths: dict[str, int] = {}
        self.split: dict[str, None] = {}
        """Kinds of wrapping in which several records were on one line."""
        self._fences = 0
        """Lines that begin or end code in Markdown and wikis."""
        self._indented = 0
        """Records after blanks from which nothing else was removed."""
        self.remarks = 0

    def line(self, raw: bytes) -> None:
        """Note a line, which may be a fence."""
        self._fences += _FENCE.fullmatch(raw) is not None

    def around(self, chain: Chain, depth: int) -> None:
        """Note the layers of a record, of which the outermost was there `depth` times."""
        self.read[chain] += 1
        for layer in chain[:1]:
            self._depths[layer.name] = max(depth, self._depths.get(layer.name, 1))

    def nothing(self, raw: bytes) -> None:
        """Note a record that was read as it is, perhaps after blanks."""
        self._indented += raw[:1].isspace() and _is_indented(raw)

    def notes(self, joined: int, *, has_record: bool) -> list[str]:
        """What was removed, the most usual first: `"> " quoting, 2 levels`. `joined` is the number
        of records that were folded."""
        names: dict[str, None] = {}
        for chain, _ in self.read.most_common():
            for layer in filter(lambda layer: layer.name, chain):
                depth = self._depths.get(layer.name, 1)
                names[layer.name if depth < 2 else f"{layer.name}, {depth} levels"] = None
        names |= self.split
        if CSV in names:
            names.pop(JSON_STRING.name, None)  # cells without quotes parse like strings
        if self._fences and has_record:
            names["code fences"] = None
        if self._indented:
            names[BLANKS.name] = None
        if joined:
            names[_count(joined, "folded record")] = None
        if self.remarks:
            names[f"remarks behind {_count(self.remarks, 'record')}"] = None
        return list(names)


def _is_indented(text: bytes) -> bool:
    """Whether the blanks are more than those that -r prints before seconds, which take six columns
    or more (`%6ld`)."""
    seconds = _SECONDS.match(text)
    return seconds is None or not (seconds[2] or len(seconds[1]) == _COLUMNS)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)
