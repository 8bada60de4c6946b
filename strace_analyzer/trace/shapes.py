"""Text and its Lark parser -> what the text says; Lark parses each shape of text only once.

When a text's shape is new, Lark parses it, token by token; expressions.py makes of its tokens a
regular expression that accepts the texts of which Lark would make the same tree, but for the texts
in its holes. What the tree means was built once, with a Hole in the place of each text that varies;
it is filled from the groups. A text that matches no shape goes to Lark: the fast way cannot be
wrong, only unused. A shape that cannot be exact is not learned, a grammar that cannot have exact
shapes is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import BasicLexer

from strace_analyzer.trace.expressions import Expressions, InexactShapeError, Lexed
from strace_analyzer.trace.template import Hole, Part, TooDeepError
from strace_analyzer.trace.terminals import UnsupportedTerminalError

Reading = tuple[tuple[Part, ...], "re.Match[bytes] | None"]
"""What `build` made, each part to be filled from the match, and the match (None from plain Lark)."""

MOST_SHAPES_OF_ONE_KEY = 200
MOST_TOKENS_OF_A_SHAPE = 400
_MOST_SIGHTINGS = 20_000


class Shape(NamedTuple):
    fullmatch: Callable[[bytes], re.Match[bytes] | None]
    parts: tuple[Part, ...]


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
            or parser.lexer_conf.ignore
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
        if shapes is None:
            return self._parse(key, text)
        fullmatch, parts = shapes[0]
        match = fullmatch(text)
        if match is not None:
            return parts, match
        for place in range(1, len(shapes)):
            fullmatch, parts = shapes[place]
            match = fullmatch(text)
            if match is not None:  # those that match often come to stand in front
                shapes[place - 1], shapes[place] = shapes[place], shapes[place - 1]
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
            parts = tuple(map(Part, self._build(self._filled(tree, {}))))
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
            parts = tuple(map(Part, self._build(self._filled(tree, holes))))
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
