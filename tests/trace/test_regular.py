"""What a regular expression is made of, compared with what Python's `re` matches."""

from __future__ import annotations

import itertools
import re

import pytest

from strace_analyzer.trace.learned.regular import One, UnsupportedExpressionError, least, parsed
from strace_analyzer.trace.learned.terminals import Terminal

SETS = (
    *("a", r"\n", r"\x41", r"\.", r"\ ", r"\[", ".", "(?s:.)", "[abc]", "[^abc]", "[a-f0-9]"),
    *("[]a]", "[^]a]", "[a-]", "[-a]", r"[\]\\]", r"[\x00-\x1f]", r"[ -\xff]", r"[^<>\n]", "[.*+]"),
)


@pytest.mark.parametrize("source", SETS)
def test_a_set_has_the_bytes_that_re_matches(source: str) -> None:
    node = parsed(source)

    assert isinstance(node, One)
    taken = [byte for byte in range(256) if node.of >> byte & 1]
    assert taken == [byte for byte in range(256) if re.fullmatch(source, chr(byte))]


PARTS = (
    *("ab", "a|b", "a*b", "a+", "a?b", "(?:ab)+", "(?:a|bb){2}", "a{2,}", "a{,2}b", "a{1,3}b"),
    *("a{,}b", "a{", "a{x}", "a+?b", "a*+b", "(?>a|ab)", "(?:a|(?:b|ab)+)b", "[ab]{2}a?", "a{}"),
)
TEXTS = [
    "".join(letters) for length in range(1, 6) for letters in itertools.product("ab", repeat=length)
]


@pytest.mark.parametrize("source", PARTS)
def test_parts_match_what_re_matches(source: str) -> None:
    terminal = Terminal("T", source)
    texts = [*TEXTS, "a{", "a{x}", "a{}"]
    # greedy ways that give nothing back are taken as ordinary ones
    plain = source.replace("(?>", "(?:").replace("*+", "*")

    for text in texts:
        matches = any(re.fullmatch(plain, text[:end]) for end in range(1, len(text) + 1))
        assert terminal.outlook(text.encode()).matched == matches, text


@pytest.mark.parametrize(
    ("source", "bytes_"), [("abc", 3), ("a|bc", 1), ("a{3}b*", 3), ("a?", 0), ("(?=a)b", 1)]
)
def test_how_much_it_takes_at_least(source: str, bytes_: int) -> None:
    assert least(parsed(source)) == bytes_


@pytest.mark.parametrize(
    "source", ["(a)", "^a", r"\d", r"[\w]", r"a\b", r"(a)\1", "(?i:a)", "(?<=a)b", "(?P<x>a)"]
)
def test_what_is_not_in_the_dialect_is_refused(source: str) -> None:
    with pytest.raises(UnsupportedExpressionError):
        parsed(source)


def test_what_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(re.error):
        parsed("a(")
