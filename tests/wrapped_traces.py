"""Compares a trace with the same trace in a wrapping: what is found, where, and what was read."""

from __future__ import annotations

import io

import strace_analyzer as sa

Lines = list[bytes]
Found = list[tuple[str, tuple[tuple[str, int], ...], str]]


def analysis(lines: Lines) -> sa.Analysis:
    return sa.analyze(io.BytesIO(b"\n".join(lines) + b"\n"), sockets=False)


def found(of: sa.Analysis, places: dict[int, int] | None = None) -> Found:
    """Rule, the lines of its calls and the outcome of each finding, the lines put where `places`
    says."""
    return sorted(
        (
            finding.rule,
            tuple(
                sorted(
                    (role, places[call.line] if places else call.line)
                    for role, call in finding.calls.items()
                    if call is not None
                )
            ),
            str(finding.outcome),
        )
        for finding in of.findings
    )


def differences(
    plain: Lines, wrapped: Lines, what: str, places: dict[int, int] | None = None
) -> list[str]:
    """What of the findings and the calls of `plain` is otherwise in `wrapped`; `places` says where
    each line stands in it, if records are folded: then a call that is not found may be told of."""
    expected, got = analysis(plain), analysis(wrapped)
    ours, theirs = got.traces[0].sources[0], expected.traces[0].sources[0]
    wrong = []
    if found(got) != found(expected, places):
        wrong.append(f"{what}: findings")
    if sorted(map(_tid, got.findings)) != sorted(map(_tid, expected.findings)):
        wrong.append(f"{what}: whose the findings are")
    if (places is None or ours.unparsed == 0) and (ours.calls, ours.unparsed) != (
        theirs.calls,
        theirs.unparsed,
    ):
        wrong.append(f"{what}: calls")
    if places is None and got.traces[0].inconclusive != expected.traces[0].inconclusive:
        wrong.append(f"{what}: why it is inconclusive")
    return wrong


def _tid(of: sa.Finding) -> int:
    """-1 where nobody is named."""
    return -1 if of.process.tid is None else of.process.tid
