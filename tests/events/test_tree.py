"""`tree`: agrees with strace-process-tree on every trace that both read, and shows more."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from shared_folder import SHARED

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.findings import ProcessLife
from strace_analyzer.report.text import console
from strace_analyzer.report.text.tree import page
from strace_analyzer.report.tree import branches, objects
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.reader import traces

spt = pytest.importorskip("strace_process_tree")
ROOT = Path(__file__).resolve().parents[2]
_LEAST = 20


def analysed(path: Path) -> sa.Analysis:
    settings = Settings(rules=catalogue(), keep_processes=True, strict=True)
    return analyze_traces(traces([str(path)]), settings)


def theirs(path: Path) -> Any:
    """The tree of strace-process-tree; None for a trace that it does not read."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            return spt.parse_stream(spt.events(lines))
    except (SystemExit, AssertionError, ValueError, StopIteration):
        return None


def words(life: ProcessLife) -> list[str]:
    """What `life` ran, as strace-process-tree writes it, but for quotes."""
    return [bare(" ".join(program.argv)) for program in life.programs]


def bare(command: str) -> str:
    """Without quotes, escapes and what strace left out."""
    return "".join(c for c in command if c.isalnum())


def agrees(path: Path) -> bool:
    """Compares the two; False where the other one reads nothing of it."""
    other = theirs(path)
    if other is None or len(other.processes) < 2:
        return False
    lives = list(analysed(path).lives)
    by_tid = {tid: life for life in lives for tid in life.tids}
    for process in {p for children in other.children.values() for p in children}:
        life = by_tid[process.pid]
        if process.name == "(thread)":
            assert process.pid != life.tgid  # folded into its process
            continue
        if process.seq:  # it ran a program
            assert bare(process.name.replace("...", "")) in words(life), process
        if process.parent is not None:
            assert life.parent == by_tid[process.parent.pid].id, process
        if process.seq == 0 and process.parent is not None and life.is_born:
            started = other.start_time[process]
            assert started is None or life.started == pytest.approx(started, abs=1e-5)
        ended = other.exit_time.get(process)
        if ended is not None:
            assert life.ended == pytest.approx(ended, abs=1e-5), process
    return True


@pytest.mark.labels
def test_twenty_traces_have_the_tree_of_strace_process_tree() -> None:
    folders = (SHARED / "traces", SHARED / "traces2", ROOT / "samples")
    files = sorted(
        (path for folder in folders for path in folder.glob("*.strace")),
        key=lambda path: path.stat().st_size,
    )
    compared = list(islice(filter(agrees, files), _LEAST))
    assert len(compared) == _LEAST


TRACE = """\
10 1700000100.000000 execve("/bin/sh", ["sh", "-c", "curl x; sleep 1 & exec nc y 1"], 0x7ffc /* 9 vars */) = 0
10 1700000100.100000 vfork( <unfinished ...>
11 1700000100.200000 execve("/usr/bin/curl", ["curl", "x"], 0x7ffc /* 9 vars */) = 0
10 1700000100.300000 <... vfork resumed>) = 11
11 1700000100.400000 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, parent_tid=[12]) = 12
12 1700000100.500000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
12 1700000100.600000 bind(5, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
12 1700000100.700000 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
12 1700000100.800000 +++ exited with 7 +++
11 1700000100.800000 +++ exited with 7 +++
10 1700000100.900000 fork() = 13
13 1700000101.000000 +++ killed by SIGKILL +++
10 1700000101.500000 execve("/bin/nc", ["nc", "y"..., "1"], 0x7ffc /* 9 vars */) = 0
10 1700000102.000000 +++ exited with 0 +++
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "t.strace"
    path.write_text(TRACE)
    return path


def test_times_ends_threads_sockets_and_findings_stand_beside_each(trace: Path) -> None:
    found = objects(branches(analysed(trace), "t1"))
    shell, curl, killed = found
    assert [process["tgid"] for process in found] == [10, 11, 13]
    assert (curl["parent"], curl["tids"]) == (shell["id"], [11, 12])
    assert (curl["started_seconds"], curl["ended_seconds"], curl["exit_status"]) == (0.1, 0.8, 7)
    assert (curl["sockets"], curl["findings"]) == (1, {"bind-any-port-zero": 1})
    assert (killed["signal"], killed["exit_status"], killed["sockets"]) == ("SIGKILL", None, 0)
    assert [program["path"] for program in shell["programs"]] == ["/bin/sh", "/bin/nc"]


def test_the_page_is_a_tree(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    roots = [("t", branches(analysed(trace), "t1"))]
    stream = io.StringIO()
    console.write(stream, lambda target: page(roots, target))
    assert stream.getvalue().splitlines() == [
        "10 sh -c 'curl x; sleep 1 & exec nc y 1'  [2.00 s @0.0s], exit 0",
        "  \u2502 then nc y 1 ...  @1.5s",
        "  \u251c\u250011 curl x  [700 ms @0.1s], exit 7, 2 threads, 1 socket, 1 x bind-any-port-zero",
        "  \u2514\u250013 (sh)  [100 ms @0.9s], killed by SIGKILL",
    ]
