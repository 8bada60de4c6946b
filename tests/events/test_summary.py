"""`summary`: counts as strace's own (-C), quantiles as sorting gives them, groups as asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from events.reading import of_file, of_lines
from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.report.tally.keys import KEYS
from strace_analyzer.report.tally.quantiles import Quantiles
from strace_analyzer.report.tally.tally import Tally

PROGRAMS = {
    "a shell and its children": ["sh", "-c", "ls / | cat; cat /no/such/file; true"],
    "threads": [
        sys.executable, "-S", "-c",
        "import threading, time\n"
        "ts = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(4)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]",
    ],
    "refused connections": [
        sys.executable, "-S", "-c",
        "import socket\nfor _ in range(5): socket.socket().connect_ex(('127.0.0.1', 1))",
    ],
}  # fmt: skip


def summed(text: str, by: str) -> list[dict[str, object]]:
    tally = Tally(KEYS[by])
    tally.add(of_lines(text))
    return list(tally.lines())


def own_counts(table: list[str]) -> dict[str, tuple[int, int]]:
    """Calls and errors by name, as strace printed them."""
    counts = {}
    for line in table:
        words = line.split()
        if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
            errors = int(words[4]) if len(words) == 6 else 0
            counts[words[-1]] = (int(words[3]), errors)
    return counts


@pytest.mark.live
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_counts_are_those_of_strace(program: list[str], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-C", "-T", "-o", str(trace), *program], capture_output=True, check=False
    )
    rows = of_file(trace)
    tally = Tally(KEYS["syscall"])
    tally.add(rows)
    ours = {line["syscall"]: (line["calls"], line["errors"]) for line in tally.lines()}
    unreturned = {name for name, (calls, _) in ours.items() if not calls}
    theirs = own_counts([row.raw or "" for row in rows if row.type == "table"])
    assert len(theirs) > 10
    assert {name: counts for name, counts in ours.items() if name not in unreturned} == theirs
    assert unreturned <= {"exit", "exit_group"}


CALLS = """
10 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3 <0.000010>
10 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 ECONNREFUSED (Connection refused) <0.000300>
11 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 4 <0.000020>
11 read(4</etc/hosts>, "", 10) = 0 <0.000040>
10 close(3) = 0 <0.000005>
11 exit_group(0) = ?
"""


@pytest.mark.parametrize(
    ("by", "key", "expected"),
    [
        ("syscall", "syscall", {"socket": (1, 0), "connect": (1, 1), "openat": (1, 0), "read": (1, 0), "close": (1, 0), "exit_group": (0, 0)}),
        ("thread", "thread", {10: (3, 1), 11: (2, 0)}),
        ("file", "file", {"/etc/hosts": (2, 0)}),
        ("destination", "address", {"192.0.2.1": (2, 1)}),
    ],
)  # fmt: skip
def test_groups_are_what_was_asked_for(
    by: str, key: str, expected: dict[object, tuple[int, int]]
) -> None:
    assert {line[key]: (line["calls"], line["errors"]) for line in summed(CALLS, by)} == expected


def test_times_are_those_of_the_calls() -> None:
    first = summed(CALLS, "file")[0]
    assert (first["total_seconds"], first["p50_seconds"], first["max_seconds"]) == (
        0.00006, 0.00002, 0.00004,
    )  # fmt: skip


def test_without_durations_there_are_no_times() -> None:
    (line,) = summed("close(3) = 0", "syscall")
    assert [line[name] for name in ("total_seconds", "p99_seconds", "max_seconds")] == [None] * 3


@given(
    st.lists(st.integers(0, 90_000_000), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.95, 0.99, 1.0]),
)
def test_a_quantile_is_that_of_the_sorted_spans_to_half_a_per_cent(
    micros: list[int], share: float
) -> None:
    quantiles = Quantiles()
    for micro in micros:
        quantiles.add(micro / 1e6)
    exact = sorted(micros)[max(0, -(-int(share * 100) * len(micros) // 100) - 1)] / 1e6
    found = quantiles.quantile(share)
    assert found == pytest.approx(exact, rel=0.005)


BY_NUMBER = """
10 openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3
10 openat(AT_FDCWD, "log", O_WRONLY) = 4
10 read(3, "127", 3) = 3
10 dup2(4, 1) = 1
10 write(1, "x", 1) = 1
10 clone(child_stack=NULL, flags=SIGCHLD) = 11
10 close(4) = 0
10 write(4, "x", 1) = -1 EBADF (Bad file descriptor)
10 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
10 write(4, "x", 1) = 1
11 write(4, "y", 1) = 1
11 execve("/bin/cat", ["cat"], 0x7ffe) = 0
11 read(3, "", 1) = -1 EBADF (Bad file descriptor)
11 write(1, "y", 1) = 1
11 exit_group(0) = ?
10 clone(child_stack=NULL, flags=SIGCHLD) = 11
11 write(3, "z", 1) = 1
"""


def test_a_file_is_known_by_the_number_that_open_gave_it() -> None:
    counts = {line["file"]: (line["calls"], line["errors"]) for line in summed(BY_NUMBER, "file")}
    assert counts == {
        "/etc/hosts": (3, 0),  # opened, read, and by the second child, which has it again
        "log": (6, 0),  # opened, copied, written to as 1, closed; by the child as 4, and as 1
        "/bin/cat": (1, 0),
    }


@pytest.mark.live
def test_without_y_no_file_has_calls_that_it_has_not_with_it(tmp_path: Path) -> None:
    """The same program twice. Of a child that speaks before its clone() is back less is known."""
    script = (
        f"exec 5>{tmp_path}/out; echo a >&5; (echo b >&5; exec 5>&-; echo c >{tmp_path}/other);"
        " cat /etc/hosts >&5"
    )
    mine = (f"{tmp_path}/out", f"{tmp_path}/other", "/etc/hosts")
    counts = []
    for option in ([], ["-y"]):
        trace = tmp_path / f"trace{len(option)}"
        command = ["strace", "-f", *option, "-o", str(trace), "sh", "-c", script]
        subprocess.run(command, capture_output=True, check=True)
        tally = Tally(KEYS["file"])
        tally.add(of_file(trace))
        lines = {line["file"]: line["calls"] for line in tally.lines()}
        counts.append([lines[path] for path in mine])
    assert all(0 < known <= there for known, there in zip(*counts, strict=True))
