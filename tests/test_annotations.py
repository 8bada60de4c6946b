"""A trace says the same with and without what -yy prints behind its descriptors.

Rule, bind line, connect line, fd and outcome are equal; confidence and assigned port may only be
better with the annotations.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shared_folder import ROOT, TRACES

import strace_analyzer as sa

ANNOTATION = re.compile(r"(?<=[0-9D])<(?:[^<>\"]|->|<[^<>]*>)*>(?=[,)\]}\s(]|$)")
SAMPLES = [
    ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace",
    ROOT / "samples" / "python-threads-halves.strace",
]
GIVEN = sorted(TRACES.glob("*-yy*.strace"))


def stripped(text: str) -> str:
    """The trace without annotations; the durations that -T prints, `<0.000012>`, stay."""
    return "\n".join(
        ANNOTATION.sub(lambda hit: hit[0] if re.fullmatch(r"<[\d.]+>", hit[0]) else "", line)
        for line in text.split("\n")
    )


def said(trace: Path) -> list[tuple[object, ...]]:
    return [
        (f.rule, f.at.line, *(sorted((r, c.line) for r, c in f.calls.items())), f.fd, f.outcome)
        for f in sa.analyze(trace).findings
        if f.rule != "bound-unused" or f.held_seconds is not None
    ]


def test_stripping_takes_annotations_and_leaves_the_rest() -> None:
    line = (
        '7 connect(4<TCP:[1.2.3.4:5->6.7.8.9:80]>, "a<b>", 5</a<char 1:3>>) = 9<UDP:[7]> <0.000012>'
    )
    assert stripped(line) == '7 connect(4, "a<b>", 5) = 9 <0.000012>'


def check(trace: Path, tmp_path: Path) -> None:
    text = trace.read_text(errors="surrogateescape")
    assert "<TCP:[" in text
    plain = tmp_path / trace.name
    plain.write_text(stripped(text), errors="surrogateescape")
    assert "<TCP:[" not in plain.read_text(errors="surrogateescape")
    assert len(said(trace)) > 0
    assert said(plain) == said(trace)


@pytest.mark.parametrize("trace", SAMPLES, ids=lambda path: path.name)
def test_samples_without_annotations(trace: Path, tmp_path: Path) -> None:
    check(trace, tmp_path)


@pytest.mark.labels
@pytest.mark.parametrize("trace", GIVEN, ids=lambda path: path.name)
def test_given_traces_without_annotations(trace: Path, tmp_path: Path) -> None:
    check(trace, tmp_path)


SERVER = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
COPIED = f"""\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 5<TCP:[100]>
7 connect(5<TCP:[100]>, {SERVER}) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[101]>
7 setsockopt(3<TCP:[101]>, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
7 bind(3<TCP:[101]>, {ANY}) = 0
7 connect(5<TCP:[0.0.0.0:40001]>, {SERVER}) = 0
"""
"""`-e trace=network`: close(5) and dup2(3, 5) are not traced"""


def test_a_hidden_dup_is_seen_by_the_port_it_shows(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(COPIED)
    (found,) = sa.analyze(trace).findings
    assert (found.rule, found.calls["bind"].line, found.calls["connect"].line) == (
        "bind-any-port-zero",
        5,
        6,
    )
    assert found.local.assigned_port == 40001
    assert found.confidence is sa.Confidence.PROBABLE  # other copies may have gone unseen too
