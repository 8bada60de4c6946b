"""What is found in traces whose truth is known: every early bind, with its lines and its outcome,
and nothing else."""

from __future__ import annotations

import io
from random import Random

import pytest
from fuzz.traced import OPTIONS, RESULTS, EarlyBind, Program, family, printed, program
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


SEEDS = st.integers(0, 1 << 32)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([*OPTIONS]))
def test_what_is_true_is_found(seed: int, options: str) -> None:
    made = program(Random(seed), 120)
    early, analysis = found(lines_of(made, options))
    assert early == made.truth
    (source,) = analysis.traces[0].sources
    assert source.examined == source.lines == len(made.lines)
    assert (source.unparsed, source.foreign, source.half_calls) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_files_of_a_family_tell_the_same(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = program(Random(seed), 120)
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


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([*OPTIONS]), st.sampled_from([*WRAPPINGS]))
def test_wrapped_they_tell_the_same(seed: int, options: str, wrapping: str) -> None:
    made = program(Random(seed), 80)
    early, _ = found(WRAPPINGS[wrapping](lines_of(made, options)))
    assert early == made.truth


def test_there_is_something_to_find() -> None:
    """Else the tests above would prove little."""
    made = [program(Random(seed), 120) for seed in range(20)]
    outcomes = [one.outcome for one_made in made for one in one_made.truth]
    assert {outcomes.count(name) > 3 for _, name in RESULTS} == {True}
    assert any("<unfinished ...>" in line for one in made for line in one.lines)
