"""Learned shapes decide as Lark does: grammars made to break them, and grammars made at random."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from lark import Lark, Token, Tree
from lark.exceptions import GrammarError, LexError

from strace_analyzer.trace.shapes import MOST_TOKENS_OF_A_SHAPE, Reader
from strace_analyzer.trace.template import Hole, Part, TooDeepError
from strace_analyzer.trace.terminals import Terminal, UnsupportedTerminalError


def nest(tree: Tree[Any]) -> tuple[object, ...]:
    return (
        str(tree.data),
        *(nest(child) if isinstance(child, Tree) else child for child in tree.children),
    )


def reader(grammar: str, *holes: str, varying: str = "") -> Reader:
    return Reader(
        Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=True),
        dict.fromkeys(holes, lambda text: text.decode("latin-1")),
        lambda tree: (nest(tree),),
        varying=frozenset(varying.split()),
    )


def taught(texts: list[str], grammar: str, *holes: str, varying: str = "") -> Reader:
    """A reader that has met each of `texts` often enough to learn its shape."""
    made = reader(grammar, *holes, varying=varying)
    for text in texts * 2:
        made.read(b"", text.encode("latin-1"))
    return made


def says(reading: Any) -> object:
    return reading and [part.fill(reading[1]) for part in reading[0]]


def is_learned(made: Reader, text: str) -> bool:
    reading = made.read(b"", text.encode("latin-1"))
    return reading is not None and reading[1] is not None


def assert_agrees(made: Reader, *texts: str) -> None:
    for text in texts:
        data = text.encode("latin-1")
        assert says(made.read(b"", data)) == says(made.plainly(data)), text


# --- what is learned ---


def test_a_shape_stands_for_all_texts_of_its_kind() -> None:
    made = taught(["x=1;"], 'start: "x=" NUMBER ";"\nNUMBER: /[0-9]+/', "NUMBER")
    reading = made.read(b"", b"x=4711;")
    assert reading is not None
    assert reading[1] is not None
    assert says(reading) == [("start", "4711")]


def test_a_shape_is_learned_when_it_comes_back() -> None:
    made = reader('start: "x=" NUMBER\nNUMBER: /[0-9]+/', "NUMBER")
    answers = [is_learned(made, text) for text in ("x=1", "x=2", "x=3")]
    assert answers == [False, False, True]


def test_keys_keep_shapes_apart() -> None:
    made = taught(["1"], "start: NUMBER\nNUMBER: /[0-9]+/", "NUMBER")
    reading = made.read(b"other", b"2")
    assert reading is not None
    assert reading[1] is None


def test_a_token_left_out_of_the_tree_may_vary() -> None:
    grammar = "start: NUMBER _BLANKS NUMBER\nNUMBER: /[0-9]+/\n_BLANKS: / +/"
    made = taught(["1  2"], grammar, "NUMBER", varying="_BLANKS")
    assert is_learned(made, "10      20")
    assert_agrees(made, "1 2", "10      20", "12", "1  2 ")


# --- what could go wrong ---


def test_a_terminal_of_higher_priority_takes_a_hole_s_text() -> None:
    grammar = """
        start: (NUMBER | DATE) ";"
        DATE.2: /[0-9]+-[0-9]+/
        NUMBER: /[0-9]+(?:-[a-z]+)?/
    """
    made = taught(["12;"], grammar, "NUMBER", "DATE")
    assert is_learned(made, "13;")
    assert_agrees(made, "12-3;", "12-a;", "12-;", "1;")


def test_a_terminal_of_higher_priority_begins_before_the_pinned_text() -> None:
    grammar = """
        start: A NAME | AB NUMBER
        AB.2: "ab"
        A: "a"
        NAME: /[a-z]+/
        NUMBER: /[0-9]+/
    """
    made = taught(["ax"], grammar, "NAME", "NUMBER")
    assert is_learned(made, "axyz")
    assert_agrees(made, "abc", "ab", "ab5", "aab", "a")


def test_a_pinned_terminal_goes_on_into_the_hole() -> None:
    grammar = 'start: "x:" _GAP TEXT\n_GAP: / +/\nTEXT: /[ a-z]+/'
    made = taught(["x: abc"], grammar, "TEXT")
    assert is_learned(made, "x: d e")
    assert_agrees(made, "x:  abc", "x:   ", "x: ")


def test_a_pinned_terminal_that_stopped_for_no_reason_of_its_own_is_not_learned() -> None:
    grammar = "start: LAZY TEXT\nLAZY: /a+?/\nTEXT: /[ab]+/"
    made = taught(["aab"], grammar, "TEXT")
    assert not is_learned(made, "aab")
    assert_agrees(made, "aab", "ab", "aaa", "b")


def test_a_lookahead_of_a_pinned_terminal_looks_into_the_hole() -> None:
    grammar = "start: KEY VALUE\nKEY: /[a-z]+(?![0-9]{2})/\nVALUE: /[0-9a-z]+/"
    made = taught(["ab1x", "ab1"], grammar, "VALUE")
    assert_agrees(made, "ab12", "ab1", "ab1xy", "ab123", "abc")


def test_a_lookahead_to_the_end_of_the_text() -> None:
    grammar = "start: (LAST | WORD) MORE?\nLAST.2: /[a-z]+$/\nWORD: /[a-z]/\nMORE: /[a-z0-9]+/"
    made = taught(["a1", "ab", "a"], grammar, "WORD", "MORE")
    assert_agrees(made, "a", "ab", "a1", "abc1", "abc")


def test_an_atomic_group_of_higher_priority() -> None:
    grammar = "start: (ATOMIC | WORD) REST?\nATOMIC.2: /(?>a+)b/\nWORD: /[ab]/\nREST: /[abc]+/"
    made = taught(["aac", "ab", "bb", "a"], grammar, "REST")
    assert_agrees(
        made,
        *map("".join, itertools.chain(*(itertools.product("abc", repeat=n) for n in (1, 2, 3, 4)))),
    )


def test_a_keyword_is_no_hole() -> None:
    grammar = 'start: NAME NUMBER | IF "!"\nIF: "if"\nNAME: /[a-z]+/\nNUMBER: /[0-9]+/'
    made = taught(["of1", "if!"], grammar, "NAME", "NUMBER")
    assert not is_learned(made, "of1")
    assert_agrees(made, "if1", "if!", "of1", "iff1", "i1", "iff!")


def test_the_same_text_in_another_state_is_another_token() -> None:
    grammar = """
        start: "n" NUMBER | "w" WORD
        NUMBER: /[0-9]+/
        WORD.2: /[0-9a-z]+/
    """
    made = taught(["n1", "w1"], grammar, "NUMBER", "WORD")
    assert is_learned(made, "n22")
    assert is_learned(made, "w22")
    assert_agrees(made, "n2a", "w2a", "n2", "w2")


def test_every_byte() -> None:
    made = taught(["<a>"], 'start: "<" TEXT ">"\nTEXT: /[^<>]+/', "TEXT")
    assert_agrees(made, *(f"<{chr(byte)}>" for byte in range(256)))


# --- what is refused ---


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("a*", id="matches nothing"),
        pytest.param("(?<=a)b", id="lookbehind"),
        pytest.param("(?<!a)b", id="negative lookbehind"),
        pytest.param("(a)b", id="capturing group"),
        pytest.param("(?P<x>a)(?P=x)", id="backreference"),
        pytest.param("^a", id="anchor"),
        pytest.param(r"a\b", id="word boundary"),
        pytest.param(r"\w+", id="class of words"),
        pytest.param(r"[\s]", id="class of blanks"),
        pytest.param(r"[^\d]", id="class of digits"),
        pytest.param("(?i:a)", id="ignored case"),
        pytest.param("a{300}", id="long repeat"),
        pytest.param("a{,300}b", id="long optional repeat"),
        pytest.param("\u0416", id="character beyond latin-1"),
    ],
)
def test_terminals_that_cannot_be_exact(source: str) -> None:
    with pytest.raises(UnsupportedTerminalError):
        Terminal("T", source)


def test_a_shape_with_such_a_terminal_is_not_learned() -> None:
    made = taught(
        ["a1"], r"start: LETTER NUMBER" "\n" r"LETTER: /\w/" "\n" "NUMBER: /[0-9]/", "NUMBER"
    )
    assert not is_learned(made, "a1")
    assert_agrees(made, "a1", "\xe41", "11")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"parser": "earley"}, id="Earley"),
        pytest.param({"lexer": "basic"}, id="basic lexer"),
        pytest.param({"lexer_callbacks": {"A": lambda token: token}}, id="lexer callback"),
        pytest.param({"g_regex_flags": 2}, id="regex flags"),
        pytest.param({"use_bytes": True}, id="bytes"),
    ],
)
def test_parsers_that_cannot_have_shapes(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="shapes"):
        Reader(Lark("start: A\nA: /a/", **{"parser": "lalr", **options}), {}, nest)


def test_ignored_terminals_are_refused() -> None:
    with pytest.raises(ValueError, match="%ignore"):
        Reader(Lark('start: "a"\n%ignore " "', parser="lalr"), {}, nest)


def test_lark_refuses_terminals_that_match_nothing() -> None:
    with pytest.raises((LexError, GrammarError)):
        Lark("start: A\nA: /a*/", parser="lalr")


def test_a_builder_that_looks_into_a_hole_is_found_out() -> None:
    made = Reader(
        Lark("start: NUMBER\nNUMBER: /[0-9]+/", parser="lalr"),
        {"NUMBER": lambda text: text.decode()},
        lambda tree: ("long" if len(tree.children[0]) > 1 else "short",),
    )
    made.read(b"", b"1")
    with pytest.raises(TypeError, match="varies"):
        made.read(b"", b"2")


@pytest.mark.parametrize("question", [bool, len, iter, str, int, hash, lambda hole: hole == 1])
def test_a_hole_answers_nothing(question: Any) -> None:
    with pytest.raises(TypeError):
        question(Hole(1, int))


def test_a_value_that_may_hide_a_hole_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        Part(("x", [Hole(1, int)]))


def test_deep_nesting_is_read_but_not_learned() -> None:
    grammar = 'start: list\nlist: "[" (list | NUMBER) "]"\nNUMBER: /[0-9]+/'
    deep = "[" * 60 + "1" + "]" * 60
    made = taught([deep, "[[1]]"], grammar, "NUMBER")
    assert is_learned(made, "[[2]]")
    assert not is_learned(made, deep)
    assert_agrees(made, deep, "[[3]]")
    nested: Any = Hole(1, int)
    for _ in range(60):
        nested = (nested,)
    with pytest.raises(TooDeepError):
        Part(nested)


def test_nesting_beyond_python_s_stack_is_not_read() -> None:
    made = reader('start: list\nlist: "[" (list | NUMBER) "]"\nNUMBER: /[0-9]+/', "NUMBER")
    assert made.read(b"", b"[" * 20_000 + b"1" + b"]" * 20_000) is None


def test_long_texts_are_read_but_not_learned() -> None:
    made = reader('start: (NUMBER ",")+\nNUMBER: /[0-9]+/', "NUMBER")
    text = "1," * (MOST_TOKENS_OF_A_SHAPE // 2 + 1)
    assert [is_learned(made, text) for _ in range(3)] == [False] * 3
    assert_agrees(made, text)


# --- grammars at random ---

POOL = (
    "a", "b", "a+", "[ab]+", "ab", "a|ab", "ab|a", "[a1]+", "1+", "[01]", "a?b", "(?>a+)1?",
    "a(?!b)", "[ab](?=1)", "a+?", "(?:ab)+", "b+(?![a1])", "[^b]", " +", " ?a", "1(?: 1)*",
    "[ab]*+1", "a$",
)  # fmt: skip


def random_grammar(chance: random.Random) -> tuple[str, list[str]]:
    sources = chance.sample(POOL, 5)
    names = [f"T{number}" for number in range(5)]
    rules = "\n   | ".join(
        " ".join(chance.choices(names, k=chance.randint(1, 4))) for _ in range(3)
    )
    terminals = "\n".join(
        f"{name}.{chance.randint(0, 3)}: /{source}/"
        for name, source in zip(names, sources, strict=True)
    )
    return f"start: {rules}\n{terminals}", [name for name in names if chance.random() < 0.6]


TEXTS = [
    "".join(letters)
    for length in (1, 2, 3, 4, 5)
    for letters in itertools.product("ab1 ", repeat=length)
]


@pytest.mark.parametrize("seed", range(60))
def test_grammars_at_random(seed: int) -> None:
    chance = random.Random(seed)
    grammar, holes = random_grammar(chance)
    try:
        made = taught(chance.sample(TEXTS, 200), grammar, *holes)
    except GrammarError:
        made = taught([], 'start: "a"')  # two rules alike: no grammar
    assert_agrees(made, *TEXTS)


def test_the_tokens_of_a_tree_are_lark_s_own() -> None:
    """`shapes` tells the tokens of a tree by identity."""
    tokens: list[Token] = []
    interactive = Lark("start: A A\nA: /a/", parser="lalr").parse_interactive("aa")
    tokens.extend(interactive.iter_parse())
    tree = interactive.feed_eof()
    assert [id(token) for token in tree.children] == [id(token) for token in tokens]
