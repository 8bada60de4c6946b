"""The program's own output in front of a call, as a terminal shows both: what is found stays."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import strace_analyzer as sa
from strace_analyzer.rules import catalogue
from strace_analyzer.rules.rule import Example

NAMES = ("socket(AF", "bind(", "connect(", "setsockopt(", "getsockname(", "close(")
EXAMPLES = [
    one
    for rule in catalogue()
    for one in rule.examples
    if not one.lines[0][0].isdigit() and not any("[pid" in line for line in one.lines)
]
FIRST_MADE = next(
    one
    for one in EXAMPLES
    if len(one.lines) == 2 and one.lines[1].startswith("connect(3, {sa_family=AF_INET6")
)
"""The second call is about what the first one made."""
output = st.one_of(
    st.sampled_from(["working on 0... ", "[50%] ", "ok", "100.0% ", "> ", "a(b) = c ", "done: "]),
    st.text("abc .:%-!", min_size=1, max_size=12).map(lambda words: "x" + words),
)


def padded(line: str) -> str:
    """As strace prints it: the result of a short call stands in column 40."""
    head, equals, result = line.partition(") = ")
    return (
        f"{head}{') = ' if len(head) > 38 else ')'.ljust(40 - len(head)) + '= '}{result}"
        if equals
        else line
    )


def found(lines: list[str]) -> list[tuple[str, int, str]]:
    stream = io.BytesIO("\n".join(lines).encode())
    return [
        (f.rule, f.at.line, f.outcome.value) for f in sa.analyze(stream, sockets=False).findings
    ]


@settings(max_examples=60)
@given(st.sampled_from(EXAMPLES), output, st.sets(st.integers(0, 12)))
@example(FIRST_MADE, "x:", {0})
@example(FIRST_MADE, "done: ", {0})
def test_what_is_found_stays(case: Example, words: str, where: set[int]) -> None:
    lines = [padded(line) for line in case.lines]
    shown = [
        words + line if number in where and line.startswith(NAMES) and ") = " in line else line
        for number, line in enumerate(lines)
    ]
    assert found(shown) == found(lines)


@pytest.mark.parametrize(
    "line",
    [
        "done with plain: bind(3, {sa_family=AF_INET}) was tried",
        "we called connect(5) = -1",
        "the call connect(3, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0 was made",
        "close(3) = 0 is what we saw: close(3) = 0 again",
    ],
)
def test_words_about_calls_are_none(line: str) -> None:
    assert [type(event).__name__ for event in sa.parse([line])] != ["Syscall"]


def test_late_in_a_trace_too() -> None:
    """Where lines are only looked at that can matter."""
    address = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
    lines = [
        'execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0',
        *["getpid()                                = 7"] * 600,
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        f"bind(3, {address}) = 0",
        f"working on 0... connect(3, {address.replace('htons(0)', 'htons(80)')}) = 0",
    ]
    assert [(rule, line) for rule, line, _ in found(lines)] == [("bind-any-port-zero", 603)]


HALVES = (
    'connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16',
    'bind(5, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16',
    "setsockopt(5, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4",
)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("end", ["\n <unfinished ...>", " <unfinished ...>"])
@settings(max_examples=15)
@given(words=st.sampled_from(["child 0 says: half a line, the other half", "ok", "50%", "a(b)"]))
def test_a_half_that_output_runs_into_is_whole_when_it_is_resumed(
    half: str, end: str, words: str
) -> None:
    lines = [
        *f"[pid 12] {half}{words}{end}".split("\n"),
        "[pid 13] accept(3, NULL, NULL)       = 6",
        f"[pid 12] <... {half.partition('(')[0]} resumed>)      = 0",
    ]
    calls = [event for event in sa.parse(lines) if isinstance(event, sa.Syscall)]
    descriptors = [(call.name, call.args[0], call.result.value) for call in calls]
    assert descriptors[1:] == [(half.partition("(")[0], 5, 0)]
