"""What makes a trace without findings inconclusive makes the exit status 2 where there are only
findings below the gate, wherever it stands."""

from __future__ import annotations

import io

import pytest

import strace_analyzer as sa
from strace_analyzer.report.gate import Judgement, judge, parse_gate
from strace_analyzer.report.selection import Selected

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
EDITED = ANY.replace("0.0.0.0", "\N{HORIZONTAL ELLIPSIS}")
TO = '{sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.9")}, 16'
MADE = "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {0}"
OPTION = "7 setsockopt({0}, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"
CONNECT = f"7 connect({{0}}, {TO}) = 0"
CLOSE = "7 close({0}) = 0"


def lines(fd: int, *texts: str) -> list[str]:
    return [text.replace("{0}", str(fd)) for text in texts]


PLAIN = lines(3, MADE, OPTION, CONNECT, CLOSE)
NOTED = lines(3, MADE, OPTION, f"7 bind({{0}}, {ANY}) = 0", CONNECT, CLOSE)
HIDING = {
    "an edited address": lines(4, MADE, f"7 bind({{0}}, {EDITED}) = 0", CONNECT, CLOSE),
    "a pointer": lines(4, MADE, "7 bind({0}, 0x7ffd1, 16) = 0", CONNECT, CLOSE),
    "an edited peer": lines(4, MADE, "7 connect({0}, {sa_family=AF_INET, ...}, 16) = 0", CLOSE),
    "an unread line": lines(4, MADE, "7 bind({0}, {~~) = 0", CONNECT, CLOSE),
    "lines left out": ["[...]"],
    "a child": ["7 fork() = 8"],
    "an older socket": [f"7 connect(12, {TO}) = 0"],
    "a number given twice": lines(4, MADE, MADE, CONNECT, CLOSE),
}
ENDS = {
    "in a name": "7 conn",
    "in an address": "7 connect(5, {sa_family=AF_INET, sin_port=htons(443), sin_ad",
    "before a result": f"7 connect(5, {TO}",
    "under way": f"7 connect(5, {TO} <unfinished ...>",
}


def judged(made: list[str], end: str = "") -> tuple[sa.Analysis, Judgement]:
    text = "".join(f"{line}\n" for line in made) + end
    analysis = sa.analyze(io.BytesIO(text.encode()), sockets=False)
    return analysis, judge(Selected(analysis), parse_gate((), ()))


@pytest.mark.parametrize("what", HIDING)
@pytest.mark.parametrize("where", ["before", "behind"])
def test_what_hides_something_beside_a_note(what: str, where: str) -> None:
    for others in (PLAIN, NOTED):
        made = HIDING[what] + others if where == "before" else others + HIDING[what]
        analysis, judgement = judged(made)
        assert len(analysis.findings) == (others is NOTED)
        assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2), others


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_cut_end_beside_a_note(end: str) -> None:
    for others in (PLAIN, NOTED):
        _, judgement = judged([*others, *lines(5, MADE)], end)
        assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2), others


def test_nothing_hidden_beside_a_note() -> None:
    _, judgement = judged(NOTED)
    assert (judgement.verdict, judgement.exit_status) == ("findings", 0)


@pytest.mark.parametrize("address", [EDITED, "0x7ffd1, 16"])
def test_the_line_named_is_the_one_whose_address_cannot_be_read(address: str) -> None:
    undecoded = lines(4, MADE, f"7 bind({{0}}, {address}) = 0", CONNECT)
    analysis, _ = judged([*NOTED, *undecoded])
    (unknown,) = analysis.unknown
    assert (unknown.code, unknown.first.line) == ("undecoded-address", 7)


CUT = lines(4, f"7 connect({{0}}, {TO}) = 0 <0.000123>")[0]


@pytest.mark.parametrize("place", range(2, len(CUT) - len("= 0 <0.000123>")))
def test_half_a_connect_proves_no_waste(place: int) -> None:
    """Its destination is not known: that of the socket may be the first one's, too."""
    bound = lines(4, MADE, OPTION, f"7 bind({{0}}, {ANY}) = 0 <0.000021>")
    analysis, judgement = judged(bound, CUT[:place])
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2)
    assert all(finding.level is sa.Level.NOTE for finding in analysis.findings)
    assert "truncated-end" in {warning.code for warning in analysis.warnings}
    assert not analysis.unknown or analysis.unknown[0].code == "unread-line"
