"""Traces as people paste them, written by hand: what is found in each, and on which lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrapped_traces import found
from wrappings import WRAPPINGS, Lines

import strace_analyzer as sa

PASTED = Path(__file__).resolve().parents[1] / "pasted"
EARLY = "bind-any-port-zero"
FOUND = {
    "clean": [],
    "journal": [(EARLY, {"socket": 3, "bind": 4, "connect": 5, "close": 6})],
    "kubectl": [(EARLY, {"socket": 2, "bind": 3, "connect": 4, "close": 5})],
    "mail-mixed-levels": [(EARLY, {"socket": 7, "bind": 8, "connect": 9, "close": 10})],
    "patch": [(EARLY, {"socket": 7, "bind": 8, "connect": 9, "close": 10})],
    "quoted-printable": [(EARLY, {"socket": 4, "bind": 5, "connect": 7, "close": 9})],
    "script": [(EARLY, {"socket": 4, "bind": 5, "connect": 6, "close": 7})],
    "sed-l": [(EARLY, {"socket": 1, "bind": 2, "connect": 4, "close": 6})],
    "slack": [
        ("address-not-available", {"socket": 4, "bind": 5, "connect": 6}),
        (EARLY, {"socket": 4, "bind": 5, "connect": 6}),
    ],
    "terminal-80": [(EARLY, {"socket": 1, "bind": 2, "connect": 4, "close": 6})],
}
REFUSED = {"two-traces": "a diff of two traces"}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_pasted_is_read(name: str) -> None:
    read = sa.analyze(PASTED / f"{name}.txt", sockets=False)

    assert [
        (finding.rule, {role: call.line for role, call in finding.calls.items() if call})
        for finding in read.findings
    ] == FOUND[name]
    assert [trace.inconclusive for trace in read.traces] == [None]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_undone_is_refused(name: str) -> None:
    with pytest.raises(sa.TraceError, match=REFUSED[name]):
        sa.analyze(PASTED / f"{name}.txt")


def test_each_text_has_what_is_expected_of_it() -> None:
    assert sorted(file.stem for file in PASTED.iterdir()) == sorted([*FOUND, *REFUSED])


PARENT = [
    b"10:00:00.100000 clone(child_stack=NULL, flags=SIGCHLD) = 901",
    b"10:00:00.600000 wait4(-1, NULL, 0, NULL) = 901",
    b"10:00:00.700000 exit_group(0) = ?",
    b"10:00:00.700100 +++ exited with 0 +++",
]
CHILD = [
    b"10:00:00.200000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 5",
    b"10:00:00.200100 bind(5, {sa_family=AF_INET, sin_port=htons(0), "
    b'sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    b"10:00:00.200200 connect(5, {sa_family=AF_INET, sin_port=htons(80), "
    b'sin_addr=inet_addr("203.0.113.80")}, 16) = 0',
    b"10:00:00.300000 close(5) = 0",
    b"10:00:00.400000 exit_group(0) = ?",
    b"10:00:00.400100 +++ exited with 0 +++",
]


def family(directory: Path, *members: Lines) -> Path:
    directory.mkdir()
    for tid, lines in enumerate(members, 900):
        (directory / f"x.{tid}").write_bytes(b"\n".join(lines) + b"\n")
    return directory / "x"


@pytest.mark.parametrize("name", WRAPPINGS)
def test_files_of_a_family_that_were_wrapped_are_read_or_inconclusive(
    tmp_path: Path, name: str
) -> None:
    expected = found(sa.analyze(family(tmp_path / "plain", PARENT, CHILD)))
    around = WRAPPINGS[name]
    wrapped = family(tmp_path / "wrapped", around(PARENT), around(CHILD))

    assert expected
    assert REFUSAL in (told := outcome(wrapped)) or told in (str(expected), "inconclusive")


REFUSAL = "not the output of strace"


def outcome(path: Path) -> str:
    """The findings, or that there may be others, or why it is refused."""
    try:
        read = sa.analyze(path)
    except sa.TraceError as refusal:
        return str(refusal)
    return "inconclusive" if read.traces[0].inconclusive else str(found(read))
