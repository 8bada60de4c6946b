"""Lines that say that others were left out: no trace with one is clean, and nothing that a program
writes is taken for one lightly.

The lines are made from nouns, verbs, counts and what stands around them, in the orders that logs,
pages and people use.
"""

from __future__ import annotations

import io
import itertools
import random
import re
from pathlib import Path

import pytest
from analysis.verdicts import said

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.omission import states_omission
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.source import SourceInput, TraceInput
from strace_analyzer.trace.prefilter.strays import is_stray

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
CLIENT = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 close(3) = 0
"""
AT = 2
"""The line of a trace before which others are left out."""

NOUNS = ("lines", "messages", "calls", "log lines", "kernel messages", "entries", "more lines")
VERBS = (
    "omitted", "removed", "skipped", "truncated", "suppressed", "dropped", "lost", "hidden", "cut",
    "deleted", "not shown",
)  # fmt: skip
COUNTS = ("2", "40", "1200", "3,400", "about 300")
WRAPPINGS = (
    "{}", "[{}]", "({})", "<{}>", "... {} ...", "[...{}...]", "--- {} ---", "*** {} ***",
    "xxx {} xxx", "<!-- {} -->", "# {}", "=== {} ===", "[ {} ]",
    "Nov 30 10:00:09 host systemd-journald[201]: {}", "prog: {}.", "[2026-11-30 10:00:00] {}",
)  # fmt: skip
ORDERS = (
    "{count} {noun} {verb}",
    "{count} {noun} were {verb}",
    "{verb} {count} {noun}",
    "{verb} {count} {noun} from prog.service",
    "{count} {noun} {verb} due to rate-limiting",
    "{count} {noun} {verb} for brevity",
)
WHOLES = ("output", "log", "the log", "the rest", "this file", "some lines", "trace output")
WHOLE_ORDERS = ("{whole} {verb}", "{whole} was {verb}", "{whole} has been {verb}")
ALONE = (
    "[...]", "...", "\u2026", "\u22ee", "--", "<snip>", "snip", "--- snip ---", "--- SNIP ---",
    "--8<--- snip ---", "-- >8 --", "8<", "[elided]", "<redacted>", "# cut", "(repeats)",
    "lines 1-4/300", "lines 1-40/300 13%", "--More--(3%)", "-- more --",
    "last message repeated 12 times", "imuxsock lost 120 messages from pid 33",
    "rsyslogd[9]: imuxsock begins to drop messages from pid 77 due to rate-limiting",
    "Log truncated, 3,400 lines omitted. View raw", "(Files content truncated)",
    "Job's log exceeded limit of 4194304 bytes.", "== log limit reached ==",
    "This file has been truncated. Show original", "View remainder of file in raw view",
    "The log length has exceeded the limit of 4 MB (see the documentation).",
    "<<< 22 lines >>>", "+ 55 lines", "(same for the other 20 sockets)",
)  # fmt: skip


def made() -> list[str]:
    """A sample of the sentences, each part with each kind of wrapping at least once."""
    chance = random.Random(9)
    sentences = [
        order.format(count=count, noun=noun, verb=verb)
        for order, count, noun, verb in itertools.product(ORDERS, COUNTS, NOUNS, VERBS)
    ]
    sentences += [
        order.format(whole=whole, verb=verb)
        for order, whole, verb in itertools.product(WHOLE_ORDERS, WHOLES, VERBS)
    ]
    texts = [wrapping.format(chance.choice(sentences)) for wrapping in WRAPPINGS for _ in range(40)]
    texts += [chance.choice(WRAPPINGS).format(sentence) for sentence in sentences]
    return texts + [chance.choice((str.upper, str.title, str.capitalize))(one) for one in texts]


def test_every_sentence_of_leaving_out_is_recognised() -> None:
    assert [text for text in made() if not states_omission(text)] == []


@pytest.mark.parametrize("line", [*ALONE, *random.Random(7).sample(made(), 40)])
def test_a_text_that_says_that_lines_were_left_out_is_not_clean(line: str) -> None:
    lines = CLIENT.splitlines()
    verdict, reason = said([*lines[:1], line, *lines[1:]])
    assert verdict == "inconclusive"
    assert reason == f"line {AT} ({line}) says that others were left out"


LAYOUTS = {
    "pids": "7 {}",
    "pids and times": "7 10:00:00.000100 {}",
    "seconds since 1970": "7 1700000000.000100 {}",
    "bare": "{}",
    "times": "10:00:00 {}",
    "differences": "     0.000100 {}",
}
"""What precedes a record, for some options of strace."""


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("line", [*random.Random(11).sample([*ALONE, *made()], 14), "conn"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_it_is_told_late_in_a_long_trace_too(layout: str, line: str, strict: bool) -> None:
    """And what is left of a call whose line was cut within its name."""
    calls = [record.removeprefix("7 ") for record in CLIENT.splitlines()]
    calls += ['read(9</etc/hosts>, "", 4096) = 0'] * 3000
    lines = [layout.format(call) for call in calls]
    is_cut = line == "conn"
    lines.insert(-500, layout.format(line) if is_cut else line)
    trace = TraceInput("t1", "long", (SourceInput("long", None, written(lines)),))
    analysis = analyze_traces([trace], Settings(rules=catalogue(), strict=strict))
    reason = analysis.traces[0].inconclusive
    assert reason is not None
    assert reason.startswith(f"line {len(lines) - 500:,} (")
    assert is_cut or line in reason


def written(lines: list[str]) -> io.BytesIO:
    return io.BytesIO("".join(f"{line}\n" for line in lines).encode())


def test_every_reader_passes_on_such_lines() -> None:
    assert [text for text in [*ALONE, *made()] if not is_stray(text)] == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_few_lines_of_a_trace_are_taken_for_such(sample: Path) -> None:
    """Or the prefilter would skip nothing."""
    lines = sample.read_text("utf-8", "replace").splitlines()
    strays = [line for line in lines if is_stray(line) and not line.startswith(("[pid", "Process"))]
    assert len(strays) * 50 <= len(lines)


@pytest.mark.parametrize("mark", [".", ":", "|"])
def test_a_column_of_one_mark_stands_for_lines_and_one_alone_does_not(mark: str) -> None:
    first, *rest = CLIENT.splitlines()
    assert said([first, mark, mark, mark, *rest])[0] == "inconclusive"
    assert said([first, mark, *rest])[0] == "clean"
    assert said([first, mark, rest[0], mark, *rest[1:]])[0] == "clean"


@pytest.mark.parametrize(
    "line",
    [
        "120 lines", "done...", "output", "snippet", "5 lines read", "0 messages lost", "~",
        "3 packets dropped", "connection lost", "listening on port 80", "12 requests, 0 lost",
        "file a.txt removed", "GET / HTTP/1.1", "cut", "hidden", "more", "100%", "retrying (2 more)",
        "error: message 7 was rejected", "[1/300] CC main.o", "-", "---", "==> a <==", "(END)",
    ],
)  # fmt: skip
def test_other_words_say_nothing_of_the_kind(line: str) -> None:
    first, *rest = CLIENT.splitlines()
    assert said([first, line, *rest])[0] == "clean"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sentence_inside_a_string_is_what_a_program_said(sample: Path) -> None:
    """The samples write and send text; no line of them says that others were left out, and neither
    does one with such a string."""
    lines = sample.read_text(encoding="utf-8", errors="replace").splitlines()
    written = 'write(1, "[40 lines removed]\\n", 19) = 19'
    head = re.match(r"(?:\d+ +)?(?:[\d:.]+ )?", lines[0])
    assert head is not None
    before, after = said(lines), said([*lines[:1], head[0] + written, *lines[1:]])
    assert "left out" not in str(before[1])
    assert before == after
