"""What is found in traces whose truth is known: every early bind, with its lines and its outcome,
and nothing else."""

from __future__ import annotations

import io
from random import Random

import pytest
from fuzz.traced import OPTIONS, RESULTS, SHARES_FILES, EarlyBind, Program, family, printed, program
from hypothesis import given, settings
from hypothesis import strategies as st
from wrappings import WRAPPINGS

import strace_analyzer as sa


def found(lines: list[bytes]) -> tuple[list[EarlyBind], sa.Analysis]:
    analysis = sa.analyze(io.BytesIO(b"".join(line + b"\n" for line in lines)))
    return sorted(
        EarlyBind(f.calls["bind"].line, f.calls["connect"].line, f.outcome.value)
        for f in analysis.findings
        if f.rule == "bind-any-port-zero"
    ), analysis


def lines_of(made: Program, options: str) -> list[bytes]:
    return [line.encode() for line in printed(made, options)]


CHANCES = st.randoms(use_true_random=False)
"""Drawn from hypothesis, which makes a program that fails shorter."""
LENGTHS = st.integers(1, 120)


@settings(max_examples=60)
@given(CHANCES, LENGTHS, st.sampled_from([*OPTIONS]))
def test_what_is_true_is_found(chance: Random, happenings: int, options: str) -> None:
    made = program(chance, happenings)
    early, analysis = found(lines_of(made, options))
    assert early == made.truth
    (source,) = analysis.traces[0].sources
    assert source.examined == source.lines == len(made.lines)
    assert (source.unparsed, source.foreign, source.half_calls) == (0, 0, 0)


@settings(max_examples=40)
@given(chance=CHANCES, happenings=LENGTHS)
def test_files_of_a_family_tell_the_same(
    chance: Random, happenings: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = program(chance, happenings)
    files, places = family(made)
    folder = tmp_path_factory.mktemp("family")
    for tid, lines in files.items():
        (folder / f"t.{tid}").write_text("".join(f"{line}\n" for line in lines))
    analysis = sa.analyze(folder / "t")
    early = {
        tuple((int(call.source.rpartition(".")[2]), call.line) for call in (bind, connect))
        for finding in analysis.findings
        if finding.rule == "bind-any-port-zero"
        for bind, connect in [(finding.calls["bind"], finding.calls["connect"])]
    }
    assert early == {(places[one.bind], places[one.connect]) for one in made.truth}
    accounts = analysis.traces[0].sources
    assert [a.lines for a in accounts] == [len(files[tid]) for tid in sorted(files)]
    assert [a.examined for a in accounts] == [a.lines for a in accounts]


@settings(max_examples=25)
@given(CHANCES, LENGTHS, st.sampled_from([*OPTIONS]), st.sampled_from([*WRAPPINGS]))
def test_wrapped_they_tell_the_same(
    chance: Random, happenings: int, options: str, wrapping: str
) -> None:
    made = program(chance, happenings)
    early, _ = found(WRAPPINGS[wrapping](lines_of(made, options)))
    assert early == made.truth


def test_there_is_something_to_find() -> None:
    """Else the tests above would prove little."""
    made = [program(Random(seed), 120) for seed in range(60)]
    outcomes = [one.outcome for one_made in made for one in one_made.truth]
    assert {outcomes.count(name) > 3 for _, name in RESULTS} == {True}
    text = "\n".join(line for one in made for line in one.lines)
    for call in ("accept4", "recvmsg", "dup3", "execve", "vfork", "socket", "bind", "connect"):
        assert f"<... {call} resumed>" in text
    assert SHARES_FILES in text
