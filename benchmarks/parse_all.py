"""Every line of a trace to events: parse_all.py [--plain] TRACE LINES. Prints how many lines a
second of the first LINES were read; the time to load Python and grammars is not counted.

With --plain the same grammars are run by Lark alone, a tree for each line and for each call, and
nothing made of it: less than we do, and the rate that a plain use of Lark would have.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

import strace_analyzer as sa
from strace_analyzer.trace.decode.calls import joined
from strace_analyzer.trace.learned.grammar import parser

PARTS = ("tid", "body")


def tokens(tree: Tree[Token]) -> dict[str, str]:
    """Return the parts of a line: `tid`, `body` and the like."""
    return {part.data: str(part.children[0]) for part in tree.iter_subtrees() if part.data in PARTS}


def plain(lines: Iterable[bytes]) -> Iterator[object]:
    """Yield Lark's trees of the lines, and of the calls in them, halves joined."""
    line_parser, call_parser = parser("frame", "line"), parser("call")
    begun: dict[str, bytes] = {}
    for line in lines:
        tree = line_parser.parse(line.decode("latin-1").rstrip("\n"))
        said = tokens(tree)
        kinds = {str(part.data) for part in tree.iter_subtrees()}
        tid, body = said.get("tid", ""), said.get("body", "").encode("latin-1")
        if "call_unfinished" in kinds:
            begun[tid] = body
        elif "resumed" in kinds and tid in begun:
            yield call(call_parser, joined(begun.pop(tid), body)) or tree
        elif "call" in kinds:
            yield call(call_parser, body) or tree
        else:
            yield tree


def call(call_parser: Lark, text: bytes) -> object:
    """Return the tree of a call; None if the grammar does not accept it."""
    try:
        return call_parser.parse(text.decode("latin-1"))
    except UnexpectedInput:
        return None


def main(arguments: list[str]) -> None:
    trace, most = Path(arguments[-2]), int(arguments[-1])
    read = plain if "--plain" in arguments else sa.parse
    with trace.open("rb") as source:
        lines = list(islice(source, most))
    deque(read(lines[:1]), maxlen=0)
    begin = time.perf_counter()
    deque(read(lines), maxlen=0)
    print(round(len(lines) / (time.perf_counter() - begin)))


if __name__ == "__main__":
    main(sys.argv[1:])
