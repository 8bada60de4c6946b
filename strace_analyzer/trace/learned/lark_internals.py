"""Parse a text with Lark, and say for each token what Lark's lexer tried there, and in which order.

This is the only file that uses what Lark does not document. If something is not as expected, as
it may be in another version of Lark, the text is parsed by `Lark.parse` and nothing is said of its
tokens.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lark import Lark, Token, Tree

_NOT_AS_EXPECTED = (AttributeError, KeyError, TypeError)


class StateLexer(NamedTuple):
    """The lexer that Lark uses in a state of its LALR parser."""

    tried: dict[str, str]
    """The terminals that it tries, in this order, and their regular expressions."""
    with_keywords: frozenset[str]
    """Those whose text, once matched, may turn out to be a keyword, a terminal not in `tried`."""


Steps = list[tuple[StateLexer, Token]]
"""The tokens of a text in order, each with the lexer that made it."""


class StepwiseParser:
    """Parses texts as `parser` does."""

    def __init__(self, parser: Lark) -> None:
        """Raises ValueError if Lark's lexer does more than try one terminal after the other."""
        self._parser = parser
        self._lexers: dict[int, StateLexer] = {}
        self._is_as_expected = True
        try:
            unfit = _unfit(parser)
        except _NOT_AS_EXPECTED:
            self._is_as_expected = False
        else:
            if unfit:
                raise ValueError(unfit)

    def parse(self, text: str) -> tuple[Tree[Any], Steps | None]:
        """Return Lark's tree of `text` and the steps to it; None if this Lark does not tell them.

        Raises UnexpectedInput if the grammar does not accept the text.
        """
        if self._is_as_expected:
            try:
                return self._stepwise(text)
            except _NOT_AS_EXPECTED:
                self._is_as_expected = False
        return self._parser.parse(text), None

    def _stepwise(self, text: str) -> tuple[Tree[Any], Steps]:
        interactive: Any = self._parser.parse_interactive(text)
        lexers = interactive.lexer_thread.lexer.lexers
        steps = []
        for token in interactive.iter_parse():
            steps.append((self._lexer(lexers[interactive.parser_state.position]), token))
        tree = interactive.feed_eof()
        made = {id(token) for _, token in steps}
        for part in tree.iter_subtrees():
            if any(isinstance(child, Token) and id(child) not in made for child in part.children):
                raise TypeError("the tokens of a tree are not those of its steps")
        return tree, steps

    def _lexer(self, lexer: Any) -> StateLexer:
        known = self._lexers.get(id(lexer))
        if known is None:
            tried = {terminal.name: expression(terminal) for terminal in lexer.scanner.terminals}
            known = self._lexers[id(lexer)] = StateLexer(tried, frozenset(lexer.callback))
        return known


def expression(terminal: Any) -> str:
    """Return the regular expression of a terminal of Lark's, for which nothing else can be asked.

    Raises AttributeError if this Lark does not tell it.
    """
    found: str = terminal.pattern.to_regexp()
    return found


def _unfit(parser: Any) -> str:
    """Say why texts of `parser` cannot have shapes; "" if they can."""
    options = parser.options
    if options.parser != "lalr" or options.lexer != "contextual":
        return "shapes need LALR and Lark's contextual lexer"
    if options.lexer_callbacks or options.postlex or options.transformer:
        return "shapes allow no lexer callbacks, postlex or transformer"
    if options.g_regex_flags or options.use_bytes or options.regex:
        return "shapes allow no regex flags, use_bytes or the regex module"
    return "shapes allow no %ignore" if parser.lexer_conf.ignore else ""
