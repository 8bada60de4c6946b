"""What the report says of the ports of programs that really ran, each in a network namespace of its
own: alone, many together, and line by line. Every figure here was known before strace was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from live.namespaces import asks, traced, unwrapped
from live.sessions import run

pytestmark = [pytest.mark.live, pytest.mark.kernel]


@pytest.fixture(scope="module")
def full(folder: Path) -> Path:
    """Twenty early binds, turn about to two ports, closed first: all ports of 40000-40019."""
    return traced(folder, "full", asks(20, 0.01, 8001, 8002), ports="40000 40019")


@pytest.fixture(scope="module")
def outside(folder: Path) -> Path:
    """Three ports, none in the ordinary range."""
    return traced(folder, "outside", asks(3, 0, 8001), ports="20000 20999")


# ------------------------------------------------------------------ the line under the verdict


def test_one_destination_on_loopback_is_measured_against_that_rate_too(one: Path) -> None:
    """There connect() gives ports in TIME_WAIT again, and bind() does not."""
    said = unwrapped(run(one.parent, "one").stdout)
    assert re.match(
        r"note: python[\d.]* asks\.py \(pid \d+\) binds before connecting: 9 of its 9 outgoing TCP "
        r"connections this trace: \d+ connections/s = \d+ % of the 470/s at which ports run out",
        said,
    )


def test_two_destinations_are_measured_against_the_rate_at_which_ports_run_out(forty: Path) -> None:
    said = re.search(
        r"this trace: ([\d.]+) connections/s = (\d+) % of the 470/s at which ports run out",
        unwrapped(run(forty.parent, "forty").stdout),
    )
    assert said is not None
    rate = float(said[1])
    assert 0 < rate < 100  # it waits 10 ms each time
    assert int(said[2]) == pytest.approx(100 * rate / 470, abs=0.7)


# ------------------------------------------------------------------ ports


def test_ports_show_what_stays_in_time_wait(full: Path) -> None:
    said = run(full.parent, "ports", "--port-range", "40000-40019", "full").stdout
    lines = [unwrapped(line) for line in said.splitlines()]
    assert lines[1] == "20 outgoing TCP connections, 20 of them bound early"
    assert {"open at the same time 1 1", "with 60 s of TIME_WAIT 20 10"} <= {*lines}
    assert "with 60 s of TIME_WAIT 0 10" in lines  # what is left of twenty
    assert "at the busiest moment the range was full" in said
    (top,) = [line for line in said.splitlines() if line.startswith("  20 ")]
    assert top.endswith("·")
    bottom = [line for line in said.splitlines() if line.startswith("     │")][-1]
    assert "█" in bottom
    assert "· otherwise held, or in TIME_WAIT" in said


def test_a_small_range_has_a_rate_with_a_decimal(full: Path) -> None:
    """Twenty ports, a minute each."""
    options = ("--port-range", "40000-40019", "full")
    assert (
        "none, closing first, at  0.33 conn/s in all" in run(full.parent, "ports", *options).stdout
    )
    said = run(full.parent, *options).stdout
    assert re.search(r" times the 0\.33/s at which ports run out ", unwrapped(said))
    assert " 0/s" not in said


@pytest.mark.parametrize("command", [["check"], ["ports"]])
def test_twenty_ports_that_lie_together_show_the_range(command: list[str], full: Path) -> None:
    said = unwrapped(run(full.parent, *command, "full").stdout)
    assert (
        "the kernel chose 20 different ports, all in 40000-40019: fewer than assumed, "
        "--port-range LO-HI gives the range"
    ) in said


@pytest.mark.parametrize("command", [["check", "--all"], ["ports"]])
def test_ports_outside_contradict_the_range(command: list[str], outside: Path) -> None:
    said = unwrapped(run(outside.parent, *command, "outside").stdout)
    found = re.search(r"contradicted: the kernel chose (\d+) to (\d+)", said)
    assert found is not None
    assert 20000 <= int(found[1]) <= int(found[2]) <= 20999


# ------------------------------------------------------------------ many traces


def test_many_traces_are_one_screen(full: Path, one: Path, forty: Path, tmp_path: Path) -> None:
    """Worst first: the one whose ports all were taken."""
    fleet = tmp_path / "fleet"
    for host in range(30):
        (fleet / f"host{host}").mkdir(parents=True)
        shutil.copy((one, forty)[host % 2], fleet / f"host{host}" / "app.strace")
    shutil.copy(full, fleet / "host7" / "app.strace")
    for host in (3, 4):
        hidden = fleet / f"host{host}" / "app.strace"
        traced(hidden.parent, hidden.name, ["busybox", "true"], options="-e trace=file")
    shutil.copy("/etc/services", fleet / "host9" / "services.strace")
    done = run(tmp_path, "fleet")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines) <= 60) == (2, True)
    connections = 14 * 9 + 13 * 40 + 20
    said = unwrapped(done.stdout)
    assert said.startswith(
        "error: 1 error, 540 warnings, 126 notes in 28 of 31 traces of 30 hosts "
        f"{connections} outgoing TCP connections, {connections} bound early, 0 failed; "
    )
    hosts = lines.index("By host")
    assert unwrapped(lines[hosts + 2]) == "host7 1 20 20 1 20 -"
    assert re.search(r"python[\d.]* asks\.py 28 28 666 666 1 540 126 ", said)
    assert "127.0.0.1 8001 TCP 396 396 28" in said
    assert "127.0.0.1 8002 TCP 270 270 14" in said
    assert done.stdout.count("strace -f") == 1
    assert unwrapped(done.stderr).count("services.strace: not the output of strace") == 1


# ------------------------------------------------------------------ streams


@pytest.fixture(scope="module")
def stream(folder: Path) -> str:
    """Forty early binds to three ports, as fast as they come."""
    return traced(folder, "stream", asks(40, 0, 8001, 8002, 8003)).read_text()


LEVELS = ("note", "warning", "error")


@pytest.mark.parametrize("format", ["concise", "jsonl"])
def test_a_stream_that_warned_does_not_end_as_a_note(
    format: str, stream: str, tmp_path: Path
) -> None:
    """What is told of a finding is never a lower level than what was, and the last is the report's."""
    told: dict[object, list[str]] = {}
    done = run(tmp_path, "--follow", "--format", format, "-", given=stream)
    for line in done.stdout.splitlines():
        if format == "concise":
            place, level, _ = line.split(": ", 2)
            told.setdefault(place, []).append(level)
        elif (item := json.loads(line))["type"] in ("finding", "update") and "level" in item:
            told.setdefault(item["id"], []).append(item["level"])
    assert len(told) == 40
    if format == "concise":  # a rise is one line for the rule of a process
        last = done.stdout.splitlines()[-1]
        assert ": warning: bind-any-port-zero: python" in last
        assert last.endswith("(40 told above are of this level)")
        assert [levels for levels in told.values() if levels != ["note"]] == [["note", "warning"]]
    else:
        assert {levels[-1] for levels in told.values()} == {"warning"}
    assert all(levels == sorted(levels, key=LEVELS.index) for levels in told.values())
    assert done.returncode == 1


def test_a_stream_is_told_once_for_each_kind(stream: str, tmp_path: Path) -> None:
    """Forty findings of one program, to three destinations."""
    said = run(tmp_path, "--follow", "-", given=stream).stdout
    told, _, report = said.partition("\n\n")
    ports = [line.rpartition(":")[2] for line in told.splitlines()]
    assert ports == ["8001", "8002", "8003"]
    assert report.startswith("warning: python")
