"""Parse a text with Lark, and learn the shape of all such texts.

Lark parses a text token by token; expressions.py turns its tokens into a regular expression that
accepts the texts for which Lark would build the same tree, except for the texts in its holes. The
value of the tree is then built once more, with a Hole in place of each varying text. A shape that
cannot be exact is not learned, and a grammar that cannot have exact shapes is refused. Of a version
of Lark that does not tell its decisions nothing is learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput

from strace_analyzer.trace.learned.expressions import Expressions, InexactShapeError, Lexed
from strace_analyzer.trace.learned.lark_internals import StepwiseParser
from strace_analyzer.trace.learned.shapes import Lesson
from strace_analyzer.trace.learned.template import Hole, Node, is_deeper
from strace_analyzer.trace.learned.terminals import UnsupportedTerminalError

MOST_TOKENS_OF_A_SHAPE = 400
_MOST_LESSONS_AT_ONCE = 500
"""This many different texts are learned at first sight, for this run and later ones."""
_MOST_SIGHTINGS = 20_000
_DEEPEST = 100
"""Levels. Functions on values recurse through them, and Python recurses a thousand levels."""


class Learner:
    """Parses texts of one grammar with Lark, and learns their shapes.

    `leaves` maps every terminal that the trees keep and whose text varies to the function that
    converts it: these are the holes, except before a token whose terminal is in `pins`. `varying`
    names terminals that vary too but that the trees drop, such as a run of blanks. `build` is
    called with the tree, with the value of each token in its place, and returns the parts that
    callers ask for. It must not inspect the value of a hole: while a shape is learned, that is a
    Hole.

    Raises ValueError for a grammar whose lexer does what shapes cannot repeat.
    """

    def __init__(
        self,
        parser: Lark,
        leaves: Mapping[str, Callable[[bytes], object]],
        build: Callable[[Node], tuple[object, ...]],
        *,
        pins: frozenset[str] = frozenset(),
        varying: frozenset[str] = frozenset(),
    ) -> None:
        self._parser = StepwiseParser(parser)
        self._leaves = leaves
        self._build = build
        self._pins = pins
        self._varying = varying
        self._lessons = 0
        self._sightings: dict[int, bool] = {}
        self._expressions = Expressions()

    def lesson(self, text: bytes) -> Lesson | None:
        """Return the value and shape of `text`; after many lessons, the shape only when met a
        second time.

        None if Lark does not accept the text, or if it is nested deeper than anything strace
        prints.
        """
        try:
            tree, steps = self._parser.parse(text.decode("latin-1"))
            said = self._build(self._filled(tree, {}))
        except (UnexpectedInput, RecursionError):
            return None
        if is_deeper(said, _DEEPEST):
            return None
        if steps is None or len(steps) > MOST_TOKENS_OF_A_SHAPE:
            return Lesson(said)
        after = [*(token for _, token in steps[1:]), None]
        lexed = [
            Lexed(lexer, token, self._is_hole(token, next_one), token.type in self._leaves)
            for (lexer, token), next_one in zip(steps, after, strict=True)
        ]
        self._lessons += 1
        if self._lessons > _MOST_LESSONS_AT_ONCE and not self._seen_before(lexed):
            return Lesson(said)
        return self._shape(said, lexed, tree)

    def _is_hole(self, token: Token, after: Token | None) -> bool:
        if token.type in self._leaves:
            return after is None or after.type not in self._pins
        return token.type in self._varying

    def _seen_before(self, lexed: list[Lexed]) -> bool:
        """Whether a text with these tokens was seen before: one that never recurs is not worth
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

    def _shape(self, said: tuple[object, ...], lexed: list[Lexed], tree: Tree[Any]) -> Lesson:
        try:
            pieces, last_hole = self._expressions.pieces(lexed)
        except (InexactShapeError, UnsupportedTerminalError):
            return Lesson(said)
        holes = {
            id(token): Hole(number, token.type)
            for number, token in enumerate(
                (one.token for one in lexed if one.is_hole and one.is_kept), start=1
            )
        }
        return Lesson(said, pieces, self._build(self._filled(tree, holes)), last_hole)

    def _filled(self, node: Any, holes: Mapping[int, Hole]) -> Any:
        """Return `node` of Lark's tree with the value of each token, or the Hole that stands for
        it."""
        if isinstance(node, Tree):
            return Node(node.data, [self._filled(child, holes) for child in node.children])
        if isinstance(node, Token):
            hole = holes.get(id(node))
            if hole is not None:
                return hole
            leaf = self._leaves.get(node.type)
            return leaf(node.encode("latin-1")) if leaf else str(node)
        return node
