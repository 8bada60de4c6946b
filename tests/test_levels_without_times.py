"""A trace and its twin without times get the same levels: what -t adds is when, not how bad."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from shared_folder import ROOT

import strace_analyzer as sa

SAMPLES = ROOT / "samples"
TIMED = sorted(
    path
    for path in SAMPLES.glob("*.strace")
    if re.match(rb"(\d+ +)?\d\d:\d\d:\d\d", path.read_bytes()[:40])
)


def without_times(text: bytes) -> bytes:
    """The same lines as strace prints them without -tt and -T."""
    text = re.sub(rb"(?m)^(\[pid +\d+\] |\d+ +)?\d\d:\d\d:\d\d(\.\d+)? ", rb"\1", text)
    return re.sub(rb"(?m) <\d+\.\d+>$", b"", text)


def early_binds(lines: bytes) -> tuple[Counter[tuple[str, sa.Level]], set[str]]:
    """How many findings of each early-bind rule have which level, and the warnings' codes."""
    analyzer = sa.Analyzer()
    for line in lines.splitlines(keepends=True):
        analyzer.feed(line)
    analysis = analyzer.close()
    levels = Counter(
        (finding.rule, finding.level)
        for finding in analysis.findings
        if finding.rule == "bind-any-port-zero"
    )
    return levels, {warning.code for warning in analysis.warnings}


@pytest.mark.parametrize("path", TIMED, ids=lambda path: path.name)
def test_levels_do_not_depend_on_times(path) -> None:
    timed, said = early_binds(path.read_bytes())
    untimed, said_without = early_binds(without_times(path.read_bytes()))
    assert untimed == timed
    assert "no-times" not in said
    assert ("no-times" in said_without) <= (("bind-any-port-zero", sa.Level.WARNING) in untimed)


def one_after_another(destinations: int, times: bool) -> bytes:
    """Six early-bound connections that we close first, to so many destinations in turn."""
    lines = []
    for number in range(6):
        when = f"10:00:{number:02}.000000 " if times else ""
        port = 80 + number % destinations
        lines += [
            f"{when}socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f'{when}bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0',
            f'{when}connect(3, {{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("192.0.2.7")}}, 16) = 0',
            f"{when}close(3) = 0",
        ]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(
    ("destinations", "level", "says"),
    [(1, sa.Level.NOTE, False), (2, sa.Level.WARNING, True), (6, sa.Level.WARNING, True)],
)
def test_what_we_closed_first_could_be_in_time_wait(
    destinations: int, level: sa.Level, says: bool
) -> None:
    for times in (True, False):
        levels, said = early_binds(one_after_another(destinations, times))
        assert levels == {("bind-any-port-zero", level): 6}
        assert ("no-times" in said) == (says and not times)
