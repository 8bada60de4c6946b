"""Calls: the cases of tests/corpus, halves, laziness, and learned shapes against plain Lark."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from call_notation import shown, written
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_folder import CORPUS, ROOT, TRACES

import strace_analyzer as sa
from strace_analyzer.trace.decode.calls import CallParser, ParsedCall
from strace_analyzer.trace.decode.halves import completed, joined
from strace_analyzer.trace.decode.repair import BegunCall
from strace_analyzer.trace.values import Elided, Expression, Name, descriptor_number


class Case(NamedTuple):
    title: str
    text: str
    expected: str


def cases() -> list[Case]:
    found = []
    for file in sorted((Path(__file__).parent.parent / "corpus").glob("call_*.txt")):
        for block in re.split(r"^=== ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            title, text, expected = re.split(r"\n(?:---\n)?", block.strip("\n"), maxsplit=2)
            found.append(Case(f"{file.stem}: {title}", text, expected))
    return found


@pytest.fixture(scope="module")
def parser() -> CallParser:
    return CallParser()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_case(parser: CallParser, case: Case) -> None:
    assert written(parser.whole(case.text.encode())) == case.expected


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_case_by_its_shape(parser: CallParser, case: Case) -> None:
    """The same once its shape is learned, and with other numbers in it."""
    for _ in range(2):
        parser.whole(case.text.encode())
    assert written(parser.whole(case.text.encode())) == case.expected


def test_there_are_cases() -> None:
    assert len(cases()) > 100


# --- what the text was ---


def test_a_call_keeps_its_text(parser: CallParser) -> None:
    text = 'open("/tmp/größe", O_RDONLY)    = 3 <0.000012>'
    call = parser.whole(text.encode())
    assert call is not None
    assert (call.name, call.text, call.duration) == ("open", text, 0.000012)


def test_bytes_that_are_not_utf_8_survive(parser: CallParser) -> None:
    call = parser.whole(b'open("\xff", O_RDONLY) = -1 ENOENT (\xe9)')
    assert call is not None
    assert (
        call.text.encode("utf-8", "surrogateescape") == b'open("\xff", O_RDONLY) = -1 ENOENT (\xe9)'
    )
    assert shown(call.args[0]) == '"\\xff"'


def test_colours_are_taken_off(parser: CallParser) -> None:
    call = parser.whole(b"\x1b[1;34mclose\x1b[0m(\x1b[32m3\x1b[0m) = 0")
    assert call is not None
    assert (call.text, call.args) == ("close(3) = 0", (3,))


def test_a_lone_escape_character_is_no_colour(parser: CallParser) -> None:
    assert parser.whole(b"close(\x1b3) = 0") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"close", id="a word"),
        pytest.param(b"close(3", id="half a call"),
        pytest.param(b"close(3) = ", id="no result behind the sign"),
        pytest.param(b'open("abc, O_RDONLY) = 3', id="a string without end"),
        pytest.param(b"close([3) = 0", id="a bracket too many"),
        pytest.param(b"close(3) = 0 (", id="a note without end"),
        pytest.param(b'write(1, "(", 1() = 1', id="output in the middle"),
        pytest.param(b"x(" + b"[" * 30_000 + b"]" * 30_000 + b") = 0", id="brackets without end"),
        pytest.param(b"x(" + b"!" * 30_000 + b"1) = 0", id="operators without end"),
    ],
)
def test_what_is_not_a_call(parser: CallParser, text: bytes) -> None:
    assert parser.whole(text) is None


def test_what_is_longer_than_any_number_is_none(parser: CallParser) -> None:
    """It could not be written out again: Python and JSON refuse it."""
    call = parser.whole(b"x(18446744073709551615, " + b"9" * 5000 + b") = -9223372036854775808")
    assert call is not None
    assert call.args == (18446744073709551615, Name("9" * 5000))
    assert call.result.value == -9223372036854775808
    assert parser.whole(b"x() = " + b"7" * 5000) is None


def test_an_argument_is_decoded_once() -> None:
    (call,) = sa.parse([b'write(1, "a", 1) = 1'])
    assert isinstance(call, sa.Syscall)
    assert call.args is call.args
    assert call.result is call.result


# --- halves ---


@pytest.mark.parametrize(
    ("first", "rest", "whole"),
    [
        pytest.param("wait4(-1, ", "[7], 0, NULL) = 5", "wait4(-1, [7], 0, NULL) = 5", id="6.1"),
        pytest.param("wait4(-1", ", [7], 0, NULL) = 5", "wait4(-1, [7], 0, NULL) = 5", id="7.2"),
        pytest.param("wait4(-1, ", ", [7], 0) = 5", "wait4(-1, [7], 0) = 5", id="both"),
        pytest.param("wait4(-1 ", "[7], 0) = 5", "wait4(-1, [7], 0) = 5", id="neither"),
        pytest.param("read(3, ", ' "a", 1) = 1', 'read(3, "a", 1) = 1', id="4.x: a blank"),
        pytest.param("close(3", ")       = 0", "close(3)       = 0", id="all was printed"),
        pytest.param(
            "connect(3, {a=1}, 16", " )  = 0", "connect(3, {a=1}, 16)  = 0", id="4.x: end"
        ),
        pytest.param("getcwd(", '"/x", 9) = 3', 'getcwd("/x", 9) = 3', id="nothing was printed"),
        pytest.param("gettid(", ")  = 3", "gettid()  = 3", id="there is nothing to print"),
        pytest.param("nanosleep({a=1}, ", ") = ?", "nanosleep({a=1}) = ?", id="one never came"),
        pytest.param(
            "clone3({a=1}", " => {b=[5]}, 88) = 5", "clone3({a=1} => {b=[5]}, 88) = 5", id="=>"
        ),
        pytest.param("x(pid=", "5) = 0", "x(pid=5) = 0", id="behind a name"),
        pytest.param("x({a=1", ", b=2}) = 0", "x({a=1, b=2}) = 0", id="inside a struct"),
        pytest.param("x({a=1", "}, 2) = 0", "x({a=1}, 2) = 0", id="at a struct's end"),
        pytest.param("x(A", "|B) = 0", "x(A|B) = 0", id="inside flags"),
        pytest.param("x(5, ", "<unfinished ...>) = ?", "x(5 <unfinished ...>) = ?", id="again"),
        pytest.param("x(5, ", "-1) = 0", "x(5, -1) = 0", id="a sign is not an operator"),
        pytest.param("x(", "-1) = 0", "x(-1) = 0", id="a sign at the beginning"),
    ],
)
def test_halves(parser: CallParser, first: str, rest: str, whole: str) -> None:
    assert joined(first.encode(), rest.encode()).decode() == whole
    call = parser.whole_halves(first.encode(), rest.encode())
    assert call is not None
    assert call.text == whole


@pytest.mark.parametrize(
    ("half", "arguments"),
    [
        pytest.param("read(3, ", ["3"], id="a comma"),
        pytest.param("exit(0", ["0"], id="all"),
        pytest.param("getcwd(", [], id="none"),
        pytest.param("ioctl(3, X, {a=1, b=", ["3", "X", "{a: 1, b: «»}"], id="before a value"),
        pytest.param("x([1, {a=2, b=[3", ["[1, {a: 2, b: [3]}]"], id="deep inside"),
        pytest.param('write(1, "abc', ["1"], id="inside a string"),
        pytest.param(
            'write(1, "a, (b", 5, {x', ["1", '"a, (b"', "5", "{x}"], id="strings are skipped"
        ),
        pytest.param("poll([{fd=3}], 1, -1[RUN", ["[{fd: 3}]", "1"], id="output glued in"),
        pytest.param("no call", [], id="no call at all"),
    ],
)
def test_entered(parser: CallParser, half: str, arguments: list[str]) -> None:
    call = parser.entered(half.encode())
    assert list(map(shown, call.args)) == arguments
    assert (call.name, call.text, call.result.value) == (half.partition("(")[0], half, None)


def test_a_half_is_completed_in_few_attempts() -> None:
    assert len(list(completed(b"x(" + b"[1, " * 5000))) < 10


@pytest.mark.parametrize(
    ("name", "rest", "arguments", "result"),
    [
        pytest.param("wait4", ", [7], 0, NULL) = 5", ["[7]", "0", "NULL"], 5, id="7.2"),
        pytest.param("wait4", "[7], 0, NULL) = 5", ["[7]", "0", "NULL"], 5, id="6.1"),
        pytest.param("close", " )     = 0", [], 0, id="4.x"),
        pytest.param("clone3", " => {t=[5]}, 88) = 5", ["«» => {t: [5]}", "88"], 5, id="a change"),
        pytest.param("x", "b=5}, 6) = 5", ["{b: 5}", "6"], 5, id="inside a struct"),
        pytest.param("x", "2, 3], 6) = 5", ["[2, 3]", "6"], 5, id="inside an array"),
        pytest.param("x", "a=1}], 6) = 5", ["[{a: 1}]", "6"], 5, id="deeper"),
    ],
)
def test_resumed_alone(
    parser: CallParser, name: str, rest: str, arguments: list[str], result: int
) -> None:
    call = parser.resumed(name, rest.encode())
    assert call is not None
    assert (call.name, list(map(shown, call.args)), call.result.value) == (name, arguments, result)
    assert call.text == f"<... {name} resumed>{rest}"


def test_a_rest_that_is_none(parser: CallParser) -> None:
    assert parser.resumed("read", b'"abc') is None


# --- shapes ---


def test_shapes_do_not_mix_texts(parser: CallParser) -> None:
    """What is pinned and what varies, in one call learned from another."""
    for _ in range(3):
        parser.whole(b'bind(3, {family=AF_INET, port=htons(1), addr=inet_addr("1")}, 16) = 0')
    call = parser.whole(
        b'bind(7, {family=AF_X, port=htons(0x9), addr=inet_addr("\\0")}, 0) = -1 EX (No)'
    )
    assert written(call) == (
        'bind\n  7\n  {family: AF_X, port: htons(9), addr: inet_addr("\\x00")}\n  0\n= -1 EX (No)'
    )
    other = parser.whole(b'bind(3, {family=A, port=ntohs(1), addr=inet_addr("1")}, 16) = 0')
    assert other is not None
    assert shown(other.args[1]) == '{family: A, port: ntohs(1), addr: inet_addr("1")}'


def test_a_longer_word_is_not_a_shorter_one(parser: CallParser) -> None:
    for _ in range(3):
        parser.whole(b"x(1, AB) = 0")
    for text, argument in {
        b"x(1, A-B) = 0": Expression("-", (Name("A"), Name("B"))),
        b"x(1, ...) = 0": Elided("..."),
        b"x(1, aa:bb:cc) = 0": Name("aa:bb:cc"),
    }.items():
        call = parser.whole(text)
        assert call is not None
        assert call.args[1] == argument


A_CALL = re.compile(rb"(?:^|(?<=[ \]]))[a-z_][a-z_0-9]*\(.*\)[ \t]*= .*")


def call_texts(lines: int) -> list[bytes]:
    """Calls on about `lines` lines, at random: of samples, and traces and corpus where present."""
    files = [
        *sorted((ROOT / "samples").glob("*.strace")),
        *sorted(TRACES.glob("*.strace")),
        *sorted(CORPUS.glob("*/*.strace")),
    ]
    chance = random.Random(1)
    texts = []
    for file in files:
        everything = file.read_bytes().splitlines()
        some = chance.sample(everything, min(len(everything), 1 + lines // len(files)))
        texts += [found[0] for found in map(A_CALL.search, some) if found]
    return texts


def says(call: ParsedCall | None) -> Any:
    return call and (call.name, call.args, call.result, call.duration)


def test_learned_is_plain() -> None:
    parser = CallParser()
    texts = [case.text.encode() for case in cases()] + call_texts(9_000)
    assert len(texts) > 2_000
    for text in texts:
        parser.whole(text)
    disagreeing = [text for text in texts if says(parser.whole(text)) != says(parser.plainly(text))]
    assert disagreeing == []


PIECES = [
    *(b"0", b"12", b"0x7f", b"-1", b"0644", b"ab", b"AF_INET", b"NULL", b"aa:bb:cc", b"ff"),
    *(b'"a\\"b"', b'"\\x41"...', b'@"x"', b"'Q'", b"...", b"???", b"*", b"~", b"!", b"&"),
    *(
        b", ",
        b",",
        b" ",
        b"=",
        b"|",
        b" | ",
        b"<<",
        b" => ",
        b"->",
        b"-",
        b" - ",
        b"+",
        b":",
        b" or ",
    ),
    *(b"(", b")", b"{", b"}", b"[", b"]", b"<x>", b"<TCP:[1->2]>", b" /* c */", b" [u:r:t]"),
    *(
        b") = 0",
        b") = ?",
        b" ENOENT",
        b" (note)",
        b" <0.000012>",
        b" <unavailable>",
        b"\xff",
        b"\n",
    ),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_any_pieces_are_a_call_or_none(pieces: bytes) -> None:
    """No exception, and once learned the same."""
    parser = SHARED_PARSER
    text = b"call(" + pieces
    first = says(parser.whole(text))
    assert [says(parser.whole(text)) for _ in range(2)] == [first, first]
    assert says(parser.plainly(text)) == first
    assert parser.entered(text).name == "call"


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_call_or_none(text: bytes) -> None:
    parser = SHARED_PARSER
    assert says(parser.whole(text)) == says(parser.plainly(text))
    assert parser.entered(text).text.encode("utf-8", "surrogateescape") == text
    rest = parser.resumed("call", text)
    assert rest is None or rest.name == "call"


SHARED_PARSER = CallParser()


def _first(parser: CallParser, half: bytes) -> tuple[object, object]:
    """The first argument read by itself, and among the others. The number of a descriptor is known
    even where its note is cut."""
    first = parser.entered(half).first
    alone = BegunCall(parser, "call", half)
    if first is not None:
        assert alone.number == descriptor_number(first)
    return alone.first, first


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_the_first_argument_is_the_same_alone(case: Case) -> None:
    """Wherever the call is cut; what was read of one half is remembered for the next."""
    text = case.text.encode()
    start, end = text.find(b"(") + 1, min(len(text), text.find(b"(") + 60)
    for cut in (*range(start, end), len(text)):
        alone, among = _first(SHARED_PARSER, text[:cut])
        assert alone == among, text[:cut]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_the_first_of_any_pieces_is_the_same_alone(pieces: bytes) -> None:
    alone, among = _first(SHARED_PARSER, b"call(" + pieces)
    assert alone == among


@pytest.mark.parametrize(
    "half",
    [
        b"recvfrom(3<TCP:[127.0.0.1:5000->10.0.0.1:80]>, ",
        b"sendto(4<TCPv6:[[::1]:80->[2001:db8::1]:90]>, [{",
        b"close(3<pipe:[17]>",
    ],
)
def test_a_half_says_the_same_once_its_shape_is_learned(half: bytes) -> None:
    """Wherever it is cut, in the midst of a note too."""
    for cut in range(half.index(b"(") + 1, len(half) + 1):
        fresh = CallParser().entered(half[:cut])
        learned = CallParser()
        learned.entered(half)
        learned.entered(half[: half.index(b"(") + 1] + b"3<TCP:[17]>")
        assert learned.entered(half[:cut]).args == fresh.args, half[:cut]
