"""Compare the analysis of a trace with that of the same trace in a wrapping."""

from __future__ import annotations

import io

import strace_analyzer as sa

Lines = list[bytes]
Found = list[tuple[str, tuple[tuple[str, int], ...], str]]


def analysis(lines: Lines) -> sa.Analysis:
    return sa.analyze(io.BytesIO(b"\n".join(lines) + b"\n"), sockets=False)


def found(of: sa.Analysis, places: dict[int, int] | None = None) -> Found:
    """Return rule, call lines and outcome of each finding, with lines mapped by `places`."""
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
    """Return the differences between `plain` and `wrapped` in findings and calls. `places` maps lines
    to their position in `wrapped`, if records are folded; then a call that is not found is
    acceptable if it is reported."""
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
    """Return the tid; -1 if the finding names none."""
    return -1 if of.process.tid is None else of.process.tid
