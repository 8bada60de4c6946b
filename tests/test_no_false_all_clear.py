"""No trace is clean of which a line is unread that names a call that can decide: those that people
published, the samples, and both with damage."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path

import pytest
from shared_folder import CORPUS

import strace_analyzer as sa
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected

SAMPLES = sorted((Path(__file__).resolve().parent.parent / "samples").glob("*.strace"))
PUBLISHED = sorted(CORPUS.rglob("*.strace")) if CORPUS.exists() else []
NAMED = re.compile(r"\b(?:bind|connect|socket|listen|setsockopt|dup[23]?|accept4?|socketpair)\(")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
LARGEST = 1 << 20
"""Bytes: of a larger file the beginning is enough."""


def beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


def verdict(text: bytes) -> str:
    try:
        analysis = sa.analyze(io.BytesIO(text), sockets=False)
    except sa.TraceError:
        return "refused"
    return judge(Selected(analysis), parse_gate((), ())).verdict


def unread(text: bytes) -> list[str]:
    """Lines that are not understood, or said to be the traced program's, and name such a call
    outside of strings."""
    try:
        events = list(sa.parse(text.split(b"\n")))
    except sa.TraceError:
        return []
    texts = [event.text for event in events if isinstance(event, (sa.Unparsed, sa.Foreign))]
    return [text for text in texts if NAMED.search(QUOTED.sub("", text))]


def damaged(text: bytes, chance: random.Random) -> bytes:
    """Some lines with such a call broken, and some of others."""
    lines = text.split(b"\n")
    of_calls = [at for at, line in enumerate(lines) if NAMED.search(line.decode("latin-1"))]
    for at in (*chance.choices(of_calls, k=2 * bool(of_calls)), *chance.choices(range(len(lines)))):
        line = lines[at]
        place = chance.randrange(len(line) + 1)
        lines[at] = chance.choice(
            (
                line[:place],
                line[place:],
                line[:place] + b"~{" + line[place:],
                line[:place] + b"\n" + line[place:],
            )
        )
    return b"\n".join(lines)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_no_damaged_sample_is_clean_with_a_deciding_line_unread(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    without = [line for line in beginning(path).split(b"\n") if b"bind(" not in line]
    for text in (damaged(beginning(path), chance), damaged(b"\n".join(without), chance)):
        assert verdict(text) != "clean" or unread(text) == []


@pytest.mark.corpus
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("seed", [None, 1])
def test_no_published_trace_is_clean_with_a_deciding_line_unread(
    path: Path, seed: int | None
) -> None:
    text = beginning(path)
    if seed is not None:
        text = damaged(text, random.Random(seed))
    assert verdict(text) != "clean" or unread(text) == []
