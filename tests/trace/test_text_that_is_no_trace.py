"""Text that is not strace's is given up soon: counted are the texts that the grammar is asked
about, however long the text is."""

from __future__ import annotations

import json

import pytest

from strace_analyzer.trace.decode.grades import judge
from strace_analyzer.trace.decode.stream import call_parser
from strace_analyzer.trace.input.wrapping.grade import Grade
from strace_analyzer.trace.input.wrapping.stage import Unwrapping

LINES = 4_000
MOST = 12_000
"""Texts in all: three a line of these, and no more of a longer text."""

SS = (
    'ESTAB 0      0      10.0.{b}.{a}:{p}  10.1.2.3:443  users:(("python3",pid={p},fd={b}))',
    "TIME-WAIT 0  0      10.0.{b}.{a}:{p}  10.1.2.3:443",
)
PS = (
    "root     {p:7d}  0.{a}  1.{b} 164520 13312 ?        Ss   20:1{b}   0:0{b} /usr/bin/x --a={a}",
    "www      {p:7d}  0.{a}  1.{b} 164520 13312 pts/{b}    R+   20:1{b}   0:0{b} [kworker/{b}:1]",
)
TCPDUMP = (
    "17:08:{b}4.123456 IP 192.0.2.1.{p} > 192.0.2.7.80: Flags [S], seq {p}, win 64240, length 0",
    "    0x00{b}0:  4500 003c {p:04x} 4000 4006 ...",
)
C = (
    "        fd[{b}] = socket(AF_INET, SOCK_STREAM, 0);",
    "        if (bind(fd[{b}], (struct sockaddr *)&a, sizeof(a)) == -{a}) {{",
    '                fprintf(stderr, "bind: %s\\n", strerror(errno)); /* {p} */',
    "        }} else if (connect(fd, p{p}->ai_addr, p->ai_addrlen) = 0)",
    "                close(fd);",
)
LOG = (
    "2026-11-29 21:28:{b}3,123 [main] INFO  o.e.jetty.Server - Started (at {p}) = ok ...",
    "\tat java.base/java.net.Socket.connect(Socket.java:{p})",
    "21:28:{b}3.123 WARN  pool ({p}) = full --- retry in {a} s",
    "--- retry {p} ---",
)
MAIL = (
    "On Sun, Nov 29, 2026 at {b}:0{b} PM Alice <alice{p}@example.org> wrote:",
    "> I think that it calls bind() before connect() ({p}) = bad...",
    "> > Then it ran out of ports after {p} connections, as you said;",
    "",
    "No (it does not)",
    "= {p}.",
)
JSON = tuple(
    json.dumps({"log": f"request {word} done (in {{a}} ms) = ok...\n", "stream": "stdout"})
    .replace("{", "{{")
    .replace("}", "}}")
    .replace("{{{{a}}}}", "{a}")
    for word in ("read", "write")
)
TEXTS = {
    "ss": SS,
    "ps": PS,
    "tcpdump": TCPDUMP,
    "a C source": C,
    "a log": LOG,
    "a mail": MAIL,
    "JSON": JSON,
}


@pytest.mark.parametrize("kind", TEXTS)
def test_the_grammar_is_asked_a_bounded_number_of_times(kind: str) -> None:
    asked = 0
    grade = judge(call_parser())

    def counted(text: bytes) -> Grade:
        nonlocal asked
        asked += 1
        return grade(text)

    stage = Unwrapping(counted)
    given: list[int] = []
    for number in range(1, LINES + 1):
        form = TEXTS[kind][number % len(TEXTS[kind])]
        line = form.format(a=number % 97, b=number % 6, p=number).encode()
        if stage.is_off and not (line.lstrip().startswith((b"bind", b"if")) and stage.again()):
            given.append(number)
            continue
        given += [found.number for found in stage.feed(number, line)]
    given += [found.number for found in stage.close()]

    assert sorted(given) == list(range(1, LINES + 1))
    assert asked <= MOST
