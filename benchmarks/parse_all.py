"""Every line of a trace to events: parse_all.py [--plain] TRACE. Prints how many there were.

With --plain the same grammars are run by Lark alone, a tree for each line and for each call, and
nothing made of it: less than we do, and the rate that a plain use of Lark would have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

import strace_analyzer as sa
from strace_analyzer.trace.calls import joined
from strace_analyzer.trace.grammar import parser

PARTS = ("tid", "body")


def tokens(tree: Tree[Token]) -> dict[str, str]:
    """What fills the parts of a line: `tid`, `body` and the like."""
    return {part.data: str(part.children[0]) for part in tree.iter_subtrees() if part.data in PARTS}


def plain(trace: Path) -> Iterator[object]:
    """The trees that Lark makes of the lines, and of the calls in them, halves joined."""
    line_parser, call_parser = parser("frame", "line"), parser("call")
    begun: dict[str, bytes] = {}
    with trace.open(encoding="latin-1", newline="\n") as lines:
        for line in lines:
            tree = line_parser.parse(line.rstrip("\n"))
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
    """The tree of a call, None where the grammar does not read it."""
    try:
        return call_parser.parse(text.decode("latin-1"))
    except UnexpectedInput:
        return None


def main(arguments: list[str]) -> None:
    trace = Path(arguments[-1])
    if "--plain" in arguments:
        print(sum(1 for _ in plain(trace)))
        return
    with trace.open("rb") as lines:
        print(sum(1 for _ in sa.parse(lines)))


if __name__ == "__main__":
    main(sys.argv[1:])
