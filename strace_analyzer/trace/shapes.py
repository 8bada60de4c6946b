"""Text and its Lark parser -> what the text says; Lark parses each shape of text only once.

Lark decides, and a regular expression repeats its decisions. When a text's shape is new, Lark
parses it token by token. In each state Lark's contextual lexer tries an ordered list of terminals
A1..An and takes the first that matches, Aj. For each token the shape's expression says just that:

* a hole (text that varies: a number, a string) is `(?!A1|...|Aj-1)((?>Aj))`, where those Ai are
  left out that cannot match where Aj does;
* a pinned token (punctuation, the name of a member) is its own text, with `(?!next byte)` behind a
  run of them if some terminal could have gone on there, or `(?!Ai)` before it.

So a text that the whole expression matches makes Lark lex the same types of tokens, hence make the
same moves and the same tree, but for the texts in its holes. The tree's meaning was built once,
with a Hole in the place of each varying text; it is filled from the groups. A text that matches no
shape goes to Lark: the fast way cannot be wrong, only unused.

What makes this exact is checked here and in terminals.py; a shape that cannot be exact is not
learned, a grammar that cannot have exact shapes is refused. The two classes, one that keeps shapes
and one that makes their expressions, stand in one file because each is the other's reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import BasicLexer

from strace_analyzer.trace.template import Hole, Part, TooDeepError, constant, part
from strace_analyzer.trace.terminals import Terminal, UnsupportedTerminalError

Reading = tuple[tuple[Part, ...], "re.Match[bytes] | None"]
"""What `build` made, each part a function of the match, and the match (None from plain Lark)."""

MOST_SHAPES_OF_ONE_KEY = 200
MOST_TOKENS_OF_A_SHAPE = 400
_MOST_SIGHTINGS = 20_000


class Lexed(NamedTuple):
    """One token, with the lexer (of an LALR state) that made it."""

    lexer: BasicLexer
    token: Token
    is_hole: bool = False
    """Its text varies within the shape."""
    is_kept: bool = False
    """The tree shows it, so what is filled into a hole is its worth."""


class Shape(NamedTuple):
    fullmatch: Callable[[bytes], re.Match[bytes] | None]
    parts: tuple[Part, ...]


class InexactShapeError(ValueError):
    """No expression can repeat Lark's decisions on this text."""


class Reader:
    """Reads texts of one grammar.

    `leaves` says of every terminal that the trees keep and whose text varies what a text is worth:
    these are the holes, except before a token whose terminal is in `pins`. `varying` names
    terminals that the trees leave out and that vary too, such as a run of blanks. `build` gets a
    tree in which the worth of each token has taken its place, and gives the parts that callers ask
    for. It must not look into the worth of a hole: while a shape is learned, a Hole is there.

    Raises ValueError for a grammar whose lexer does what shapes cannot repeat.
    """

    def __init__(
        self,
        parser: Lark,
        leaves: Mapping[str, Callable[[bytes], object]],
        build: Callable[[Tree[Any]], tuple[object, ...]],
        *,
        pins: frozenset[str] = frozenset(),
        varying: frozenset[str] = frozenset(),
    ) -> None:
        options = parser.options
        if options.parser != "lalr" or options.lexer != "contextual":
            raise ValueError("shapes need LALR and Lark's contextual lexer")
        if (
            options.lexer_callbacks
            or options.postlex
            or options.transformer
            or parser.ignore_tokens
        ):
            raise ValueError("shapes allow no lexer callbacks, postlex, transformer or %ignore")
        if options.g_regex_flags or options.use_bytes or options.regex:
            raise ValueError("shapes allow no regex flags, use_bytes or the regex module")
        self._parser = parser
        self._leaves = leaves
        self._build = build
        self._pins = pins
        self._varying = varying
        self._shapes: dict[bytes, list[Shape]] = {}
        self._sightings: dict[int, bool] = {}
        self._expressions = Expressions()

    def read(self, key: bytes, text: bytes) -> Reading | None:
        """What `text` says; None where the grammar does not read it.

        Texts with different `key` never have one shape: it makes the lists short, nothing more.
        """
        shapes = self._shapes.get(key)
        if shapes is not None:
            for place, (fullmatch, parts) in enumerate(shapes):
                match = fullmatch(text)
                if match is not None:
                    if place:
                        shapes.insert(0, shapes.pop(place))
                    return parts, match
        return self._parse(key, text)

    def plainly(self, text: bytes) -> Reading | None:
        """As `read`, by Lark alone: what shapes are measured against."""
        parsed = self._parsed(text)
        return parsed and (parsed[2], None)

    def _parse(self, key: bytes, text: bytes) -> Reading | None:
        """As `read`, by Lark; learns the shape when it is met for the second time."""
        parsed = self._parsed(text)
        if parsed is None:
            return None
        lexed, tree, parts = parsed
        if len(lexed) <= MOST_TOKENS_OF_A_SHAPE and self._seen_before(lexed):
            self._learn(key, lexed, tree)
        return parts, None

    def _parsed(self, text: bytes) -> tuple[list[Lexed], Tree[Any], tuple[Part, ...]] | None:
        """Lark's tokens and tree and what they say.

        None where Lark does not read the text, or brackets are nested deeper than Python can
        follow.
        """
        lexed: list[Lexed] = []
        interactive = self._parser.parse_interactive(text.decode("latin-1"))
        lexers: dict[int, BasicLexer] = interactive.lexer_thread.lexer.lexers  # type: ignore[attr-defined]
        try:
            for token in interactive.iter_parse():
                lexed.append(Lexed(lexers[interactive.parser_state.position], token))
            tree = interactive.feed_eof()  # type: ignore[no-untyped-call]
            parts = tuple(constant(value) for value in self._build(self._filled(tree, {})))
        except (UnexpectedInput, RecursionError):
            return None
        lexed = [
            one._replace(
                is_hole=self._is_hole(one.token, after.token if after else None),
                is_kept=one.token.type in self._leaves,
            )
            for one, after in zip(lexed, [*lexed[1:], None], strict=True)
        ]
        return lexed, tree, parts

    def _is_hole(self, token: Token, after: Token | None) -> bool:
        if token.type in self._leaves:
            return after is None or after.type not in self._pins
        return token.type in self._varying

    def _seen_before(self, lexed: list[Lexed]) -> bool:
        """Whether a text of these tokens was seen: one that never comes back is not worth
        learning."""
        sighting = hash(
            tuple((one.token.type, None if one.is_hole else str(one.token)) for one in lexed)
        )
        if sighting in self._sightings:
            return True
        if len(self._sightings) >= _MOST_SIGHTINGS:
            self._sightings.clear()
        self._sightings[sighting] = True
        return False

    def _learn(self, key: bytes, lexed: list[Lexed], tree: Tree[Any]) -> None:
        try:
            expression = self._expressions.expression(lexed)
            holes = {
                id(token): Hole(number, self._leaves[token.type])
                for number, token in enumerate(
                    (one.token for one in lexed if one.is_hole and one.is_kept), start=1
                )
            }
            parts = tuple(part(value) for value in self._build(self._filled(tree, holes)))
        except (InexactShapeError, UnsupportedTerminalError, TooDeepError):
            return
        shapes = self._shapes.setdefault(key, [])
        shapes.insert(0, Shape(re.compile(expression, re.ASCII).fullmatch, parts))
        del shapes[MOST_SHAPES_OF_ONE_KEY:]

    def _filled(self, node: Any, holes: Mapping[int, Hole]) -> Any:
        """`node` with each token replaced by its worth, or by the Hole that stands for it."""
        if isinstance(node, Tree):
            return Tree(node.data, [self._filled(child, holes) for child in node.children])
        if isinstance(node, Token):
            hole = holes.get(id(node))
            if hole is not None:
                return hole
            leaf = self._leaves.get(node.type)
            return leaf(node.encode("latin-1")) if leaf else str(node)
        return node


class Expressions:
    """Makes the expression that accepts the texts which Lark lexes as it lexed one text."""

    def __init__(self) -> None:
        self._terminals: dict[str, Terminal] = {}
        self._rivals: dict[tuple[int, str], tuple[Terminal, ...]] = {}
        self._guards: dict[tuple[int, str], bytes] = {}

    def expression(self, lexed: list[Lexed]) -> bytes:
        """Raises InexactShapeError, UnsupportedTerminalError."""
        pieces: list[bytes] = []
        place = 0
        while place < len(lexed):
            if lexed[place].is_hole:
                pieces.append(self._hole(lexed[place]))
                place += 1
                continue
            end = place
            while end < len(lexed) and not lexed[end].is_hole:
                end += 1
            pieces.append(self._pinned(lexed[place:end], lexed[end] if end < len(lexed) else None))
            place = end
        return b"".join(pieces)

    def _hole(self, one: Lexed) -> bytes:
        """Any text that Lark would make this type of token of here."""
        kind = one.token.type
        if kind in one.lexer.callback or kind not in one.lexer.scanner.allowed_types:
            raise InexactShapeError(f"{kind} is told from others by its text (a keyword)")
        known = self._guards.get((id(one.lexer), kind))
        if known is None:
            terminal = self._terminal(one.lexer, kind)
            rivals = [rival for rival in self._before(one.lexer, kind) if rival.meets(terminal)]
            form = b"((?>%b))" if one.is_kept else b"(?>%b)"
            known = self._guards[id(one.lexer), kind] = _none_of(rivals) + form % terminal.source
        return known

    def _pinned(self, run: list[Lexed], after: Lexed | None) -> bytes:
        """The texts of `run`, where Lark would lex them so whatever stands in the hole behind
        them."""
        text = b"".join(one.token.encode("latin-1") for one in run)
        pieces: list[bytes] = []
        tempted = 0
        offset = 0
        for one in run:
            kind = self._host(one)
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
            pieces.append(_none_of(wary) + re.escape(one.token.encode("latin-1")))
            offset += len(one.token)
        return b"".join(pieces) + _not_before(tempted)

    def _is_open(self, next_bytes: int, after: Lexed | None) -> bool:
        """Whether a terminal that would go on with `next_bytes` could, in some text of this
        shape."""
        if after is None or not next_bytes:
            return False
        return bool(next_bytes & self._terminal(after.lexer, after.token.type).first)

    @staticmethod
    def _starts_with(after: Lexed | None, next_bytes: int) -> bool:
        return after is not None and bool(next_bytes >> ord(after.token[0]) & 1)

    def _host(self, one: Lexed) -> str:
        """The terminal of the lexer whose expression matched: for a keyword, the one it looks
        like."""
        kind = one.token.type
        if kind in one.lexer.scanner.allowed_types:
            return kind
        for terminal in one.lexer.scanner.terminals:
            unless = one.lexer.callback.get(terminal.name)
            if unless is not None and kind in unless.scanner.allowed_types:  # type: ignore[attr-defined]
                return str(terminal.name)
        raise InexactShapeError(f"{kind} comes from no terminal of its state")

    def _before(self, lexer: BasicLexer, kind: str) -> tuple[Terminal, ...]:
        """The terminals that the lexer tries before `kind`."""
        known = self._rivals.get((id(lexer), kind))
        if known is None:
            names = [terminal.name for terminal in lexer.scanner.terminals]
            known = tuple(self._terminal(lexer, name) for name in names[: names.index(kind)])
            self._rivals[id(lexer), kind] = known
        return known

    def _terminal(self, lexer: BasicLexer, name: str) -> Terminal:
        known = self._terminals.get(name)
        if known is None:
            known = Terminal(name, lexer.terminals_by_name[name].pattern.to_regexp())
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
