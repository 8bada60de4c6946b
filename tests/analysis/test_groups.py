"""Groups: which findings have one cause, and what a group tells of them."""

from __future__ import annotations

import pytest
from fuzz.hostile import EARLY_BIND

import strace_analyzer as sa
from strace_analyzer.analysis.figures import LINES_SHOWN
from strace_analyzer.analysis.groups import Groups, call_site
from strace_analyzer.findings import Confidence, Endpoint, Finding, Group, Level, ProcessRef
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.rules.bind_any_port_zero import BindAnyPortZero
from strace_analyzer.rules.store import IN_MEMORY
from tests.report.fixtures import early_bind

WEB, DNS = Endpoint("192.0.2.8", 8001), Endpoint("192.0.2.3", 53)


def grouped(*findings: Finding) -> tuple[Group, ...]:
    groups = Groups([BindAnyPortZero])
    for finding in findings:
        groups.add(finding)
    return tuple(groups.take())


def test_findings_of_one_cause_are_one_group() -> None:
    first, second, third = early_bind(10), early_bind(30, DNS, fd=7), early_bind(50)
    (group,) = grouped(first, second, third)
    assert (group.id, group.rule, group.count) == ("g1", "bind-any-port-zero", 3)
    assert (group.first, group.last) == (first.at, third.at)
    assert (group.connected, group.failed, group.fds) == (3, 0, (7, 9))
    told = [(peer.peer, peer.count, peer.fds, peer.bind_lines) for peer in group.peers]
    assert told == [(WEB, 2, (9,), (12, 52)), (DNS, 1, (7,), (32,))]
    assert group.message == BindAnyPortZero.title
    assert group.advice.startswith("Remove the bind(): the kernel picks address and port")


@pytest.mark.parametrize(
    "other",
    [
        {"rule": "bind-address-port-zero"},
        {"trace": "t2"},
        {"process": ProcessRef("t1:800", 800, 800, "curl")},
        {"level": Level.ERROR},
        {"confidence": Confidence.PROBABLE},
        {"cause": "early-binds"},
        {"without_bind": "would-fit"},
        {"outcome": Outcome.FAILED},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_finding_that_differs_in_this_is_of_another_group(other: dict[str, object]) -> None:
    assert len(grouped(early_bind(10), early_bind(30, **other))) == 2


@pytest.mark.parametrize(
    "other",
    [{"fd": 12}, {"peer": DNS}, {"outcome": Outcome.IN_PROGRESS}, {"held_seconds": None}],
    ids=lambda other: next(iter(other)),
)
def test_a_finding_that_differs_only_in_this_is_of_the_same_group(other: dict[str, object]) -> None:
    (group,) = grouped(early_bind(10), early_bind(30, **other))
    assert group.count == 2


def test_the_worst_come_first_then_the_most_then_the_earliest() -> None:
    noted = [early_bind(line, level=Level.NOTE) for line in (10, 20, 30)]
    warned = [early_bind(40)]
    failed = [early_bind(line, outcome=Outcome.FAILED) for line in (50, 60)]
    assert [(g.id, g.level, g.count) for g in grouped(*noted, *warned, *failed)] == [
        ("g3", Level.WARNING, 2),
        ("g2", Level.WARNING, 1),
        ("g1", Level.NOTE, 3),
    ]


def test_the_sample_is_the_first_that_connected() -> None:
    pending = early_bind(10, outcome=Outcome.IN_PROGRESS)
    connected = early_bind(30)
    assert grouped(pending, connected, early_bind(50))[0].sample == connected
    assert grouped(pending)[0].sample == pending


def test_bind_lines_are_kept_up_to_a_number() -> None:
    (group,) = grouped(*(early_bind(10 * number) for number in range(1, 13)))
    (peer,) = group.peers
    assert (peer.count, len(peer.bind_lines)) == (12, LINES_SHOWN)
    assert peer.bind_lines[-1] == 10 * LINES_SHOWN + 2


def test_the_group_of_a_finding_is_known_by_what_it_shares() -> None:
    groups = Groups()
    groups.add(early_bind(10))
    groups.add(early_bind(30, level=Level.NOTE))
    assert groups.id_of(early_bind(70)) == "g1"
    assert groups.id_of(early_bind(70, level=Level.NOTE)) == "g2"


@pytest.mark.parametrize(
    ("stack", "site"),
    [
        ((), None),
        (
            (
                " > /usr/lib/x86_64-linux-gnu/libc.so.6(bind+0xb) [0x10a]",
                " > /opt/app/server(dial+0x31) [0x1f]",
                " > /opt/app/server(main+0x2) [0x3]",
            ),
            "/opt/app/server(dial+0x31) [0x1f]",
        ),
        (
            (" > /lib/ld-musl-x86_64.so.1(bind+0xb) [0x10a]",),
            "/lib/ld-musl-x86_64.so.1(bind+0xb) [0x10a]",
        ),
    ],
    ids=["none", "the program's", "only libc's"],
)
def test_the_call_site_is_the_innermost_frame_outside_of_libc(
    stack: tuple[str, ...], site: str | None
) -> None:
    finding = early_bind(10)
    trail = (c._replace(stack=stack) if c.role == "bind" else c for c in finding.trail)
    found = finding._replace(trail=tuple(trail))
    assert call_site(found) == site
    (group,) = grouped(found)
    assert group.call_site == site


def test_the_fingerprint_stays_where_only_numbers_change() -> None:
    (here,) = grouped(early_bind(10))
    (there,) = grouped(early_bind(900, DNS, process=ProcessRef("t1:31", 31, 33, "beam.smp")))
    (other,) = grouped(early_bind(10, process=ProcessRef("t1:700", 700, 702, "curl")))
    assert here.fingerprint == there.fingerprint != other.fingerprint
    assert len(here.fingerprint) == 16


def test_samples_beyond_the_first_groups_are_read_again() -> None:
    found = [early_bind(10 * n, process=ProcessRef(f"t1:{n}", n, n, "curl")) for n in range(1, 9)]
    found.append(found[7]._replace(outcome=Outcome.IN_PROGRESS, cause="other"))
    found.append(found[7]._replace(cause="other"))
    groups = Groups(read=found.__getitem__, in_memory=2)
    for number, finding in enumerate(found):
        groups.add(finding, number)
    made = groups.take()
    assert [isinstance(group.kept, Finding) for group in made].count(True) == 2
    by_id = {group.id: group.sample for group in made}
    assert [by_id[f"g{n}"] for n in range(1, 10)] == [*found[:8], found[9]]


def test_of_very_many_groups_each_shows_its_own_finding() -> None:
    """More than are kept in memory: each sample is the group's first finding, judged as it is told."""
    analyzer = sa.Analyzer()
    for tid in range(1000, 1000 + IN_MEMORY + 20):
        analyzer.feed(b'%d execve("/bin/a", ["a"], 0x7ffd /* 9 vars */) = 0' % tid)
        for line in EARLY_BIND.splitlines():
            analyzer.feed(line.replace(b"7", b"%d" % tid, 1))
        analyzer.feed(b"%d +++ exited with 0 +++" % tid)
    analysis = analyzer.close()
    first = {finding.group: finding._replace(group=None) for finding in analysis.findings}
    assert len(analysis.groups) == len(first) == IN_MEMORY + 20
    assert {group.id: group.sample for group in analysis.groups} == first
    assert sum(isinstance(group.kept, Finding) for group in analysis.groups) == IN_MEMORY
