"""A trace and its twin without times get the same levels: what -t adds is when, not how bad."""

from __future__ import annotations

import io
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


OF_PORTS = ("bind-any-port-zero", "connection-churn", "ephemeral-ports-exhausted")
"""the rules whose level is by ports in TIME_WAIT"""


def levels_and_codes(
    lines: bytes, port_range: tuple[int, int] | None = None
) -> tuple[Counter[tuple[str, sa.Level]], set[str]]:
    """How many findings of each rule about ports have which level, and the warnings' codes."""
    analysis = sa.analyze(io.BytesIO(lines), port_range=port_range)
    levels = Counter(
        (finding.rule, finding.level) for finding in analysis.findings if finding.rule in OF_PORTS
    )
    return levels, {warning.code for warning in analysis.warnings}


@pytest.mark.parametrize("path", TIMED, ids=lambda path: path.name)
def test_levels_do_not_depend_on_times(path) -> None:
    timed, said = levels_and_codes(path.read_bytes())
    untimed, said_without = levels_and_codes(without_times(path.read_bytes()))
    assert untimed == timed
    assert "no-times" not in said
    assert ("no-times" in said_without) <= any(level > sa.Level.NOTE for _, level in untimed)


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
        levels, said = levels_and_codes(one_after_another(destinations, times))
        assert levels == {("bind-any-port-zero", level): 6}
        assert ("no-times" in said) == (says and not times)


HUNDRED = (40000, 40099)
NO_PORT = "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0"


def closed_by_us(count: int, *, times: bool, way: str, destinations: int) -> bytes:
    """So many connections one after another, a tenth of a second each, closed here first; `way` is
    how they got their port."""
    lines = []
    for number in range(count):
        when = f"10:00:{number / 10:09.6f} " if times else ""
        host = f"192.0.2.{1 + number % destinations}"
        bound = (
            'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
        )
        before = {"unbound": [], "deferred": [NO_PORT, bound], "early": [bound]}[way]
        to = f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("{host}")}}, 16'
        made = ["socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", *before, f"connect(3, {to}) = 0"]
        lines += [f"{when}{call}" for call in [*made, "close(3) = 0"]]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("destinations", [1, 3])
@pytest.mark.parametrize("way", ["unbound", "deferred", "early"])
@pytest.mark.parametrize("share", [40, 49, 60, 79, 85, 97, 100, 110, 250])
def test_a_share_of_the_range_closed_here_has_one_level(
    share: int, way: str, destinations: int
) -> None:
    """All within 60 s: each level is the one that times give, and rests on an assumption that is
    said where one rests on it."""
    both = {
        times: levels_and_codes(
            closed_by_us(share, times=times, way=way, destinations=destinations), HUNDRED
        )
        for times in (True, False)
    }
    (timed, said), (untimed, said_without) = both[True], both[False]
    assert untimed == timed
    assert "no-times" not in said
    assert ("no-times" in said_without) == any(level > sa.Level.NOTE for _, level in timed)


@pytest.mark.parametrize(
    ("share", "level"),
    [
        (40, None),
        (60, sa.Level.WARNING),
        (79, sa.Level.WARNING),
        (85, sa.Level.ERROR),
        (110, sa.Level.NOTE),
    ],
)
def test_churn_is_by_its_share_of_the_range(share: int, level: sa.Level | None) -> None:
    for times in (True, False):
        trace = closed_by_us(share, times=times, way="unbound", destinations=1)
        made = sa.analyze(io.BytesIO(trace), port_range=HUNDRED)
        found = [one for one in made.findings if one.rule == "connection-churn"]
        assert [one.level for one in found] == ([] if level is None else [level])
        for one in found:
            rests = not times and level is not sa.Level.NOTE
            assert one.confidence is (sa.Confidence.PROBABLE if rests else sa.Confidence.CERTAIN)
            assert ("no-times" in one.doubts) == rests
