"""Build a regular expression that repeats Lark's decisions on the tokens of a text.

In each state, Lark's contextual lexer tries an ordered list of terminals A1..An and takes the first
that matches, Aj. For each token the expression says exactly that:

* a hole (text that varies: a number, a string) is `(?!A1|...|Aj-1)((?>Aj))`, leaving out every Ai
  that cannot match where Aj does;
* a pinned token (punctuation, the name of a member) is its own text, followed by `(?!next byte)`
  at the end of a run of them if some terminal could have continued there, or preceded by `(?!Ai)`.

So in a text that matches the whole expression, Lark would find the same types of tokens, hence make
the same moves and the same tree. The conditions for this are checked here and in terminals.py.

No piece of the expression ever gives back what it took, so the pieces can be matched one after the
other just as well (pieces.py).
"""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

from lark import Token

from strace_analyzer.trace.learned.lark_internals import StateLexer
from strace_analyzer.trace.learned.pieces import Pieces, expression_of, tidied
from strace_analyzer.trace.learned.terminals import Terminal


class Lexed(NamedTuple):
    """One token, and the lexer (of an LALR state) that made it."""

    lexer: StateLexer
    token: Token
    is_hole: bool
    """Its text varies within the shape."""
    is_kept: bool
    """It is part of the tree, so a hole's text is converted to a value."""


_GROUP = b"((?>%b))"


class InexactShapeError(ValueError):
    """No expression can repeat Lark's decisions on this text."""


class Expressions:
    """Builds the expression that accepts exactly the texts that Lark lexes as it lexed one text."""

    def __init__(self) -> None:
        self._terminals: dict[str, Terminal] = {}
        self._rivals: dict[tuple[int, str], tuple[Terminal, ...]] = {}
        self._guards: dict[tuple[int, str], bytes] = {}

    def pieces(self, lexed: list[Lexed]) -> tuple[Pieces, int | None]:
        """Return the pieces of the expression, and the offset in it of the group of the last token,
        if that is a hole in the tree, else None.

        Raises InexactShapeError, UnsupportedTerminalError.
        """
        found: list[bytes] = []
        place = 0
        while place < len(lexed):
            if lexed[place].is_hole:
                found += b"", self._hole(lexed[place])
                place += 1
                continue
            end = place
            while end < len(lexed) and not lexed[end].is_hole:
                end += 1
            found += self._pinned(lexed[place:end], lexed[end] if end < len(lexed) else None)
            place = end
        pieces = tidied(found)
        if not (lexed and lexed[-1].is_hole and lexed[-1].is_kept):
            return pieces, None
        last = self._terminal(lexed[-1].lexer, lexed[-1].token.type)
        return pieces, len(expression_of(pieces)) - len(_GROUP % last.source)

    def _hole(self, one: Lexed) -> bytes:
        """Match any text that Lark would turn into this type of token here."""
        kind = one.token.type
        if kind in one.lexer.with_keywords or kind not in one.lexer.tried:
            raise InexactShapeError(f"{kind} is told from others by its text (a keyword)")
        known = self._guards.get((id(one.lexer), kind))
        if known is None:
            terminal = self._terminal(one.lexer, kind)
            rivals = [rival for rival in self._before(one.lexer, kind) if rival.meets(terminal)]
            form = _GROUP if one.is_kept else b"(?>%b)"
            known = self._guards[id(one.lexer), kind] = _none_of(rivals) + form % terminal.source
        return known

    def _pinned(self, run: list[Lexed], after: Lexed | None) -> list[bytes]:
        """Match the texts of `run`, if Lark lexes them so whatever the hole after them contains."""
        text = b"".join(one.token.encode("latin-1") for one in run)
        pieces: list[bytes] = []
        tempted = 0
        offset = 0
        for one in run:
            kind = one.token.type
            if kind not in one.lexer.tried:
                raise InexactShapeError(f"{kind} is a keyword")
            known = text[offset:]
            wary: list[Terminal] = []
            for rival in self._before(one.lexer, kind):
                matched, next_bytes = rival.outlook(known)
                if matched:
                    wary.append(rival)
                elif self._is_open(next_bytes, after):
                    if self._starts_with(after, next_bytes):
                        wary.append(rival)
                    else:
                        tempted |= next_bytes
            own = self._terminal(one.lexer, kind).outlook(known)
            if self._is_open(own.next_bytes, after):
                if self._starts_with(after, own.next_bytes):
                    raise InexactShapeError(f"{kind} could be longer in another text")
                tempted |= own.next_bytes
            pieces += b"", _none_of(wary), one.token.encode("latin-1"), b""
            offset += len(one.token)
        return [*pieces, b"", _not_before(tempted)]

    def _is_open(self, next_bytes: int, after: Lexed | None) -> bool:
        """Whether, in some text of this shape, a terminal could continue with one of
        `next_bytes`."""
        if after is None or not next_bytes:
            return False
        return bool(next_bytes & self._terminal(after.lexer, after.token.type).first)

    @staticmethod
    def _starts_with(after: Lexed | None, next_bytes: int) -> bool:
        return after is not None and bool(next_bytes >> ord(after.token[0]) & 1)

    def _before(self, lexer: StateLexer, kind: str) -> tuple[Terminal, ...]:
        """Return the terminals that the lexer tries before `kind`."""
        known = self._rivals.get((id(lexer), kind))
        if known is None:
            before = takewhile(lambda name: name != kind, lexer.tried)
            known = tuple(self._terminal(lexer, name) for name in before)
            self._rivals[id(lexer), kind] = known
        return known

    def _terminal(self, lexer: StateLexer, name: str) -> Terminal:
        known = self._terminals.get(name)
        if known is None:
            known = Terminal(name, lexer.tried[name])
            self._terminals[name] = known
        return known


def _none_of(terminals: list[Terminal]) -> bytes:
    if not terminals:
        return b""
    return b"(?!%b)" % b"|".join(b"(?:%b)" % terminal.source for terminal in terminals)


def _not_before(next_bytes: int) -> bytes:
    if not next_bytes:
        return b""
    members = b"".join(b"\\x%02x" % byte for byte in range(256) if next_bytes >> byte & 1)
    return b"(?![%b])" % members
