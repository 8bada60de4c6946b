"""Learned shapes decide as Lark does: grammars made to break them, and grammars made at random."""

from __future__ import annotations

import atexit
import itertools
import json
import os
import pickle
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lark import Lark, Token
from lark.exceptions import GrammarError, LexError

import strace_analyzer as sa
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.learned import cache as cache_module
from strace_analyzer.trace.learned import grammar, learning, tables
from strace_analyzer.trace.learned.learning import MOST_TOKENS_OF_A_SHAPE, Learner
from strace_analyzer.trace.learned.pieces import Matcher, groups_of
from strace_analyzer.trace.learned.shapes import Lesson, Reader
from strace_analyzer.trace.learned.template import (
    Hole,
    Node,
    Template,
    TooDeepError,
    as_data,
    from_data,
)
from strace_analyzer.trace.learned.terminals import Terminal, UnsupportedTerminalError


def nest(node: Node) -> tuple[object, ...]:
    return (
        str(node.data),
        *(nest(child) if isinstance(child, Node) else child for child in node.children),
    )


def reader(grammar: str, *holes: str, varying: str = "") -> Reader:
    leaves = dict.fromkeys(holes, lambda text: text.decode("latin-1"))
    learner = Learner(
        Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=True),
        leaves,
        lambda tree: (nest(tree),),
        varying=frozenset(varying.split()),
    )
    return Reader(leaves, lambda: learner)


def taught(texts: list[str], grammar: str, *holes: str, varying: str = "") -> Reader:
    """A reader that has met each of `texts` often enough to learn its shape."""
    made = reader(grammar, *holes, varying=varying)
    for text in texts * 2:
        made.read(b"", text.encode("latin-1"))
    return made


def says(reading: Any) -> object:
    return reading and [part.fill(reading[1]) for part in reading[0].parts]


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


def test_a_shape_is_learned_at_once() -> None:
    made = reader('start: "x=" NUMBER\nNUMBER: /[0-9]+/', "NUMBER")
    assert [is_learned(made, text) for text in ("x=1", "x=2", "x=3")] == [False, True, True]


def test_after_many_lessons_a_shape_is_learned_when_it_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "_MOST_LESSONS_AT_ONCE", 1)
    made = reader('start: ("x" | "y") NUMBER\nNUMBER: /[0-9]+/', "NUMBER")
    texts = ("x1", "y2", "y3", "y4", "x5")
    assert [is_learned(made, text) for text in texts] == [False, False, False, True, True]


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
        Learner(Lark("start: A\nA: /a/", **{"parser": "lalr", **options}), {}, nest)


def test_ignored_terminals_are_refused() -> None:
    with pytest.raises(ValueError, match="%ignore"):
        Learner(Lark('start: "a"\n%ignore " "', parser="lalr"), {}, nest)


def test_lark_refuses_terminals_that_match_nothing() -> None:
    with pytest.raises((LexError, GrammarError)):
        Lark("start: A\nA: /a*/", parser="lalr")


def test_a_builder_that_looks_into_a_hole_is_found_out() -> None:
    made = Learner(
        Lark("start: NUMBER\nNUMBER: /[0-9]+/", parser="lalr"),
        {"NUMBER": lambda text: text.decode()},
        lambda tree: ("long" if len(tree.children[0]) > 1 else "short",),
    )
    with pytest.raises(TypeError, match="varies"):
        made.lesson(b"1")


@pytest.mark.parametrize("question", [bool, len, iter, str, int, hash, lambda hole: hole == 1])
def test_a_hole_answers_nothing(question: Any) -> None:
    with pytest.raises(TypeError):
        question(Hole(1, "NUMBER"))


def test_a_value_that_may_hide_a_hole_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        Template(("x", [Hole(1, "NUMBER")]), {})


def test_deep_nesting_is_read_but_not_learned() -> None:
    grammar = 'start: list\nlist: "[" (list | NUMBER) "]"\nNUMBER: /[0-9]+/'
    deep = "[" * 60 + "1" + "]" * 60
    made = taught([deep, "[[1]]"], grammar, "NUMBER")
    assert is_learned(made, "[[2]]")
    assert not is_learned(made, deep)
    assert_agrees(made, deep, "[[3]]")
    nested: Any = Hole(1, "NUMBER")
    for _ in range(60):
        nested = (nested,)
    with pytest.raises(TooDeepError):
        Template(nested, {})


def test_nesting_beyond_python_s_stack_is_not_read() -> None:
    made = reader('start: list\nlist: "[" (list | NUMBER) "]"\nNUMBER: /[0-9]+/', "NUMBER")
    assert made.read(b"", b"[" * 20_000 + b"1" + b"]" * 20_000) is None


def test_long_texts_are_read_but_not_learned() -> None:
    made = reader('start: (NUMBER ",")+\nNUMBER: /[0-9]+/', "NUMBER")
    text = "1," * (MOST_TOKENS_OF_A_SHAPE // 2 + 1)
    assert [is_learned(made, text) for _ in range(3)] == [False] * 3
    assert_agrees(made, text)


# --- what is kept from run to run ---

NUMBERS = {"NUMBER": lambda text: int(text)}


def schooled(name: str, lessons: list[bytes]) -> Reader:
    """A reader that keeps its shapes as `name`; what its teacher is asked stands in `lessons`."""

    class Teacher:
        def lesson(self, text: bytes) -> Lesson | None:
            lessons.append(text)
            return learner.lesson(text)

    grammar = 'start: "x=" NUMBER | "y=" NUMBER ";"\nNUMBER: /[0-9]+/'
    learner = Learner(Lark(grammar, parser="lalr"), NUMBERS, lambda node: tuple(node.children))
    return Reader(NUMBERS, Teacher, name)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(atexit, "register", lambda function: function)
    cache_module.directory.cache_clear()
    yield tmp_path / "strace-analyzer"
    cache_module.directory.cache_clear()


def place(monkeypatch: pytest.MonkeyPatch, home: Path | str) -> Path | None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    cache_module.directory.cache_clear()
    return cache_module.directory()


def test_a_place_that_others_can_change_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert place(monkeypatch, shared / "mine") is None
    assert list(shared.iterdir()) == []
    (shared / "mine").mkdir(mode=0o700)
    assert place(monkeypatch, shared / "mine") is None  # another one can be put in its place
    shared.chmod(0o1777)
    assert place(monkeypatch, shared / "mine") == shared / "mine" / "strace-analyzer"


def test_a_place_that_depends_on_where_we_are_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(monkeypatch, "cache") is None
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_kept(cache: Path) -> None:
    reader = schooled("numbers", [])
    reader.read(b"x", b"x=1")
    in_the_way = cache / "numbers.json"
    in_the_way.mkdir(parents=True)
    cache.chmod(0o700)
    reader.keep()
    assert list(cache.iterdir()) == [in_the_way]


@pytest.fixture
def kept_file(cache: Path) -> Path:
    first = schooled("numbers", [])
    for text in (b"x=1", b"y=1;", b"x=2", b"z"):
        first.read(text[:1], text)
    first.keep()
    (file,) = cache.iterdir()
    return file


def test_a_later_run_knows_the_shapes(kept_file: Path) -> None:
    lessons: list[bytes] = []
    later = schooled("numbers", lessons)
    assert [says(later.read(text[:1], text)) for text in (b"x=3", b"y=4;", b"x=4711")] == [
        [3],
        [4],
        [4711],
    ]
    assert lessons == []
    assert says(later.read(b"x", b"x=")) is None
    assert lessons == [b"x="]


def test_what_was_not_needed_is_kept_on(kept_file: Path) -> None:
    later = schooled("numbers", [])
    later.read(b"x", b"x=3")
    later.keep()
    lessons: list[bytes] = []
    assert says(schooled("numbers", lessons).read(b"y", b"y=5;")) == [5]
    assert lessons == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1], id="cut off"),
        pytest.param(lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], id="a wrong bit"),
        pytest.param(lambda data: bytes([data[0] ^ 1]) + data[1:], id="another version"),
    ],
)
def test_a_file_that_is_not_whole_is_as_none(
    kept_file: Path, spoil: Callable[[bytes], bytes]
) -> None:
    kept_file.write_bytes(spoil(kept_file.read_bytes()))
    lessons: list[bytes] = []
    assert says(schooled("numbers", lessons).read(b"x", b"x=3")) == [3]
    assert lessons == [b"x=3"]


def test_without_a_place_nothing_is_kept(cache: Path) -> None:
    cache.parent.rmdir()
    cache.parent.write_text("a file")
    first = schooled("numbers", [])
    assert says(first.read(b"x", b"x=3")) == [3]
    first.keep()
    assert cache.parent.read_text() == "a file"


def test_a_directory_that_others_can_write_to_is_not_used(cache: Path) -> None:
    cache.mkdir(mode=0o777)
    cache.chmod(0o777)
    first = schooled("numbers", [])
    first.read(b"x", b"x=3")
    first.keep()
    assert list(cache.iterdir()) == []


def test_a_link_in_place_of_the_directory_is_not_followed(cache: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    cache.symlink_to(elsewhere)
    first = schooled("numbers", [])
    assert says(first.read(b"x", b"x=1")) == [1]
    first.keep()
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_a_file_is_not_followed(kept_file: Path) -> None:
    elsewhere = kept_file.rename(kept_file.with_name("elsewhere"))
    kept_file.symlink_to(elsewhere)
    lessons: list[bytes] = []
    assert says(schooled("numbers", lessons).read(b"x", b"x=3")) == [3]
    assert lessons == [b"x=3"]


def test_a_file_that_others_can_write_to_is_not_used(kept_file: Path) -> None:
    kept_file.chmod(0o666)
    lessons: list[bytes] = []
    assert says(schooled("numbers", lessons).read(b"x", b"x=3")) == [3]
    assert lessons == [b"x=3"]


class Bomb:
    """Goes off when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(pickle.dumps(Bomb()), id="a pickle"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\x00\n\n\t", id="no JSON"),
        pytest.param(b'"x"\t{"a": 1}', id="no list"),
        pytest.param(b'"x"\t[[["x=", "([0-9]+)"]]', id="a list that breaks off"),
        pytest.param(b'"x"\t' + b"[" * 100_000, id="a deep nest"),
        pytest.param(
            b'"x"\t[[["x=", "([0-9]+)"], null, ["()", ["?", 2, "NUMBER"]]]]', id="no such group"
        ),
        pytest.param(
            b'"x"\t[[["x=", "([0-9]+)"], null, ["()", ["?", "1", "NUMBER"]]]]', id="no number"
        ),
        pytest.param(
            b'"x"\t[[["x=", "([0-9]+)"], null, ["()", ["?", 1, "system"]]]]', id="no terminal"
        ),
        pytest.param(b'"x"\t[[["x=", "([0-9]+)"], null, ["Bomb", 1]]]', id="no such type"),
        pytest.param(
            b'"x"\t[[["x=", "([0-9]+"], null, ["()", ["?", 1, "NUMBER"]]]]', id="no expression"
        ),
        pytest.param(b'"x"\t[[["x="], null, 1]]', id="a piece that is missing"),
        pytest.param(b'"x"\t[["x=([0-9]+)", null, 1]]', id="no pieces"),
        pytest.param(b'"x"\t[[7, null, 1], 7, null, []]', id="no shapes"),
    ],
)
def test_a_planted_file_is_harmless(
    kept_file: Path, rows: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its first line is right, so somebody who may write here meant it."""
    monkeypatch.chdir(tmp_path)
    cache_module.save("numbers", rows)
    lessons: list[bytes] = []
    assert says(schooled("numbers", lessons).read(b"x", b"x=3")) == [3]
    assert lessons == [b"x=3"]
    assert not (tmp_path / "exploded").exists()


def test_a_planted_table_is_harmless(cache: Path) -> None:
    grammar.parser.cache_clear()
    text = b"write(1)    = 1"
    for planted in (b"", b"[]", b"{}", b'{"data": {}, "memo": {}}', pickle.dumps(Bomb())):
        cache_module.save("tables-call-call", planted)
        assert grammar.parser.__wrapped__("call").parse(text.decode()).data == "call"
    known = cache_module.load("tables-call-call")
    assert tables.made_of(known) is not None  # kept anew, and read
    grammar.parser.cache_clear()


def test_kept_templates_come_back_as_they_were() -> None:
    reader = CallParser("calls")._reader
    for text in CALLS:
        lesson = reader._lesson(text)
        assert lesson is not None
        assert lesson.pieces is not None
        groups = groups_of(lesson.pieces)
        for value in lesson.values:
            data = json.loads(json.dumps(as_data(value)))
            back = from_data(data, reader._types, reader._leaves, groups)
            assert repr(as_data(back)) == repr(as_data(value))


CALLS = (
    b"close(3<TCP:[17]>) = 0 <0.000041>",
    b'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS (Operation now in progress)',
    b"wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 41",
    b"rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [128 => 16], 8) = 0x1 (flags FD_CLOEXEC)",
    b"getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = ? ERESTARTSYS (To be restarted)",
    b'open("a"..., O_RDWR|0x10, 0644) = 3</dev/pts/0<char 136:0>>',
)


def test_each_reader_has_shapes_of_its_own(kept_file: Path) -> None:
    lessons: list[bytes] = []
    schooled("others", lessons).read(b"x", b"x=3")
    assert lessons == [b"x=3"]


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
    assert_pieces_match_as_the_whole(made, TEXTS)


def assert_pieces_match_as_the_whole(made: Reader, texts: Iterable[str]) -> None:
    for shape in itertools.chain.from_iterable(made._shapes.values()):
        whole = re.compile(shape.expression).fullmatch
        for text in texts:
            data = text.encode("latin-1")
            match = whole(data)
            assert Matcher(shape.pieces).fullmatch(data) == (match and (data, *match.groups()))


def test_a_shape_that_is_often_tried_matches_as_before() -> None:
    made = taught(["x=1;"], 'start: "x=" NUMBER ";"\nNUMBER: /[0-9]+/', "NUMBER")
    ((shape,),) = made._shapes.values()
    texts = (b"x=1;", b"x=20;", b"x=;", b"x=1;;", b"y=1;", b"x=1")
    found = [[match and match[1] for match in map(shape.fullmatch, texts)] for _ in range(50)]
    assert type(shape.fullmatch(b"x=1;")) is re.Match
    assert found == [[b"1", b"20", None, None, None, None]] * 50


def test_the_tokens_of_a_tree_are_lark_s_own() -> None:
    """`shapes` tells the tokens of a tree by identity."""
    tokens: list[Token] = []
    interactive = Lark("start: A A\nA: /a/", parser="lalr").parse_interactive("aa")
    tokens.extend(interactive.iter_parse())
    tree = interactive.feed_eof()
    assert [id(token) for token in tree.children] == [id(token) for token in tokens]


def test_a_text_that_has_no_shape_is_not_read_anew_by_lark_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line at the beginning of a trace is graded, and then read: by one reader once."""
    read: list[bytes] = []
    lesson = Learner.lesson

    def counted(self: Learner, text: bytes) -> Lesson | None:
        read.append(text)
        return lesson(self, text)

    monkeypatch.setattr(Learner, "lesson", counted)
    entries = ", ".join(
        f'{{d_ino={n}, d_off=1, d_reclen=24, d_type=DT_REG, d_name="{n}"}}' for n in range(400)
    )
    line = f"getdents64(3, [{entries}], 32768) = 4800"
    first, second = sa.parse([line, line])
    assert isinstance(first, Syscall)
    assert isinstance(second, Syscall)
    assert first.args == second.args
    assert len(first.args[1].items) == 400
    assert read.count(line.encode()) <= 2  # 5 readings, of a frame and of a call
