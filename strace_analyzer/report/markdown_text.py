"""Escape text of a traced program for GitHub-flavoured Markdown, so that it is shown literally: no
markup, no link, no mention."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from strace_analyzer.plain import safe

_PUNCTUATION = re.compile(r"[\\`*_\[\]|~#$!]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_ENTITY = re.compile("[&<>@]")


def escaped(text: str) -> str:
    """Escape `text` for a paragraph or a table cell."""
    made = _ENTITY.sub(lambda m: _ENTITIES[m[0]], safe(text))
    made = _PUNCTUATION.sub(lambda m: f"\\{m[0]}", made)
    return made.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")


def fenced(lines: Iterable[str]) -> str:
    """Return lines as a code block, with a fence longer than any run of backticks in it."""
    text = "\n".join(safe(line) for line in lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def table_of(
    head: Sequence[str], rows: Iterable[Sequence[object]], numbers: int | Collection[int] = 0
) -> str:
    """Return a table. The last `numbers` columns, or those at the positions `numbers`, are
    right-aligned."""
    flush = range(len(head) - numbers, len(head)) if isinstance(numbers, int) else numbers
    marks = ["--:" if at in flush else ":--" for at in range(len(head))]
    lines = [head, marks, *([escaped(str(cell)) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
