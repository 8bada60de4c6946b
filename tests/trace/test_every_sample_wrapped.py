"""Every sample in every wrapping, folded anywhere, has the findings of the plain one, on the lines
of the original: some of each by a fixed choice, all of them in the slow run."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import pytest
from wrapped_traces import analysis, differences
from wrappings import WRAPPINGS, Lines, folded

import strace_analyzer as sa

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
NAMES = [sample.stem for sample in SAMPLES]
MOST = 70
"""Lines: the stage learns what it learns from the first, and a call is like another."""
OF_SOCKETS = re.compile(
    rb"execve|socket|bind|connect|[gs]etsockopt|get(?:sock|peer)name|listen|accept|clone|fork|exit"
    rb"|send|recv|shutdown|_INET"
)


@cache
def lines_of(sample: Path) -> tuple[bytes, ...]:
    """The lines of a sample that are about sockets and tasks, and some others."""
    lines = sample.read_bytes().splitlines()
    kept = [
        line.rstrip() for at, line in enumerate(lines) if OF_SOCKETS.search(line) or at % 9 == 0
    ]
    return tuple(kept[:MOST])


def chosen(sample: Path, count: int) -> list[str]:
    return random.Random(sample.name).sample(sorted(WRAPPINGS), count)


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_in_some_wrappings(sample: Path) -> None:
    for name in chosen(sample, 6):
        plain = list(lines_of(sample))
        assert differences(plain, WRAPPINGS[name](plain), name) == []


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_folded_in_some_wrappings(sample: Path) -> None:
    chance = random.Random(sample.name)
    for name in (None, *chance.sample(FOLDABLE, 2)):
        assert folds(sample, name, chance) == []


def folds(sample: Path, name: str | None, chance: random.Random) -> list[str]:
    """What is otherwise where it is folded, at a column that leaves pid and time whole."""
    plain = list(lines_of(sample))
    width = chance.randint(45, 130)
    pieces, places = folded(plain, width, b" " * chance.choice((0, 0, 4, 8)))
    wrapped: Lines = WRAPPINGS[name](pieces) if name else pieces
    return differences(plain, wrapped, f"{name}, {width} columns", places)


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_wrapped_and_then_folded(sample: Path) -> None:
    chance = random.Random(sample.name)
    for name in chance.sample(THEN_FOLDED, 2):
        assert wrapped_then_folded(sample, name, chance) == []


def wrapped_then_folded(sample: Path, name: str, chance: random.Random) -> list[str]:
    """As on a terminal that shows a log: the wrapping stands on the first piece only. What is
    otherwise."""
    plain = list(lines_of(sample))
    width = chance.randint(70, 150)
    pieces, places = folded(WRAPPINGS[name](plain), width, b" " * chance.choice((0, 0, 4, 8)))
    return differences(plain, pieces, f"{name}, then {width} columns", places)


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_what_is_not_put_together_is_not_clean(sample: Path) -> None:
    chance = random.Random(sample.name)
    for name in chance.sample(CLOSED, 3):
        plain = [line for line in lines_of(sample) if b"bind(" not in line]
        pieces, _ = folded(WRAPPINGS[name](plain), chance.randint(70, 150))
        try:
            trace = analysis(pieces).traces[0]
        except sa.TraceError:
            continue
        is_read = trace.sources[0].calls == analysis(plain).traces[0].sources[0].calls
        assert is_read or trace.inconclusive is not None, name


NOT_FOLDED = (
    *("levels by line", "code", "bold", "an unknown tool that looks like a call"),
    "a page of GitHub",
)
FOLDABLE = sorted(name for name in WRAPPINGS if name not in NOT_FOLDED)
"""`code` and `bold` mark each piece, which says that it is a line; quoting that changes between the
pieces of a record can be taken for its text (test_wrappings.py); pieces behind a word with a
parenthesis are not always put together."""
CLOSED = (
    *("Monolog", "XML", "a frame of tmux", "a table with numbers", "PHP-FPM", "fluent-bit"),
    *("GDB/MI", "logfmt in the journal"),
)
"""They end a line, too: of one that is folded the first piece has the beginning, the last the end."""
THEN_FOLDED = [name for name in FOLDABLE if name not in CLOSED]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRAPPINGS))
def test_every_sample_in_every_wrapping(name: str) -> None:
    for sample in SAMPLES:
        plain = list(lines_of(sample))
        assert differences(plain, WRAPPINGS[name](plain), f"{sample.stem} in {name}") == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, *FOLDABLE])
def test_every_sample_folded_in_every_wrapping(name: str | None) -> None:
    chance = random.Random(name)
    for sample in SAMPLES:
        assert folds(sample, name, chance) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", THEN_FOLDED)
def test_every_sample_wrapped_and_then_folded(name: str) -> None:
    chance = random.Random(name)
    for sample in SAMPLES:
        assert wrapped_then_folded(sample, name, chance) == []
