"""The files of a `strace -ff` trace in one order: by time, or by births, waits and execve()."""

from __future__ import annotations

from pathlib import Path

import pytest
from frame_notation import notation

from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.reader import TraceReader, traces


def family(directory: Path, **files: str) -> TraceReader:
    """A reader of `x.TID` files; `t900="..."` is the content of x.900."""
    for name, text in files.items():
        (directory / f"x.{name[1:]}").write_text("".join(f"{line}\n" for line in text.split("; ")))
    return TraceReader(traces([str(directory / "x")])[0])


def told(reader: TraceReader) -> list[str]:
    """Who does what, in order."""
    words = []
    for event in reader:
        if isinstance(event, Entered | Syscall):
            is_entry = isinstance(event, Entered)
            words.append(f"{event.tid} {event.name}{'...' if is_entry else ''}")
        else:
            words.append(notation(event).partition(" @")[0])
    return words


def test_files_with_a_clock_are_merged_by_time(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="10:00:00.1 clone(child_stack=NULL, flags=SIGCHLD) = 900; "
        "10:00:00.3 close(3) = 0; 10:00:00.6 close(4) = 0",
        t900='10:00:00.2 open("a", O_RDONLY) = 3; 10:00:00.5 +++ exited with 0 +++',
    )
    assert told(reader) == ["812 clone", "900 open", "812 close", "exited 900", "812 close"]
    assert reader.clock == "time-of-day"
    assert reader.seconds == pytest.approx(0.5)
    assert [account.lines for account in reader.accounting] == [3, 2]
    assert [account.examined for account in reader.accounting] == [3, 2]


def test_at_one_printed_second_a_child_begins_after_its_clone(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t700='10:00:00 open("a", O_RDONLY) = 3',
        t812="10:00:00 close(3) = 0; 10:00:00 vfork() = 700; 10:00:01 close(4) = 0",
    )
    assert told(reader) == ["812 close", "812 vfork", "700 open", "812 close"]


def test_a_call_that_lasted_returns_when_it_did(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="10:00:00.1 clone(child_stack=NULL, flags=CLONE_FILES) = 900 <0.000020>; "
        "10:00:00.2 accept(3, NULL, NULL) = 5 <0.500000>; 10:00:00.8 close(5) = 0 <0.000020>",
        t900="10:00:00.3 close(5) = 0 <0.000020>; 10:00:00.7500 close(6) = 0 <0.000020>",
    )
    assert told(reader) == [
        *("812 clone", "812 accept...", "900 close", "812 accept", "900 close", "812 close"),
    ]


def test_a_child_of_the_next_day(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="23:59:58.0 close(3) = 0; 00:00:02.0 clone(child_stack=NULL, flags=SIGCHLD) = 900; "
        "00:00:05.0 close(4) = 0",
        t900="00:00:03.0 close(7) = 0",
    )
    assert told(reader) == ["812 close", "812 clone", "900 close", "812 close"]
    assert reader.seconds == pytest.approx(7.0)


def test_without_a_clock_parents_come_before_their_children(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t700="close(7) = 0; +++ exited with 0 +++",
        t812="clone(child_stack=NULL, flags=SIGCHLD) = 700; close(8) = 0",
    )
    assert told(reader) == ["812 clone", "812 close", "700 close", "exited 700"]


def test_without_a_clock_a_wait_returns_after_the_end_of_the_child(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="clone(child_stack=NULL, flags=SIGCHLD) = 900; vfork() = 901; close(8) = 0; "
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 900; close(9) = 0",
        t900="close(7) = 0; +++ exited with 0 +++",
        t901="close(6) = 0",
    )
    assert told(reader) == [
        *("812 clone", "812 vfork", "812 close"),
        *("900 close", "exited 900", "812 wait4", "812 close", "901 close"),
    ]


def test_each_relative_clock_is_its_own(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="     0.000000 close(3) = 0;      0.500000 vfork() = 900",
        t900="     0.000000 close(4) = 0;      0.250000 close(5) = 0",
    )
    found = [(event.tid, event.seconds) for event in reader if isinstance(event, Syscall)]
    assert found == [(812, 0.0), (812, 0.5), (900, 0.0), (900, 0.25)]
    assert reader.clock == "relative"


@pytest.mark.parametrize("times", [True, False], ids=["seconds", "none"])
def test_execve_by_a_thread_ends_in_the_leaders_file(times: bool, tmp_path: Path) -> None:
    time = "10:00:00 " if times else ""
    reader = family(
        tmp_path,
        t812=f"{time}clone(child_stack=NULL, flags=CLONE_THREAD) = 813; {time}pause() = ?; "
        f"{time}+++ superseded by execve in pid 813 +++; {time}<... execve resumed>) = 0; "
        f"{time}close(3) = 0",
        t813=f'{time}close(9) = 0; {time}execve("/bin/ls", ["ls"], NULL <pid changed to 812 ...>',
    )
    words = told(reader)
    assert words[-4:] == ["813 execve...", "superseded 812", "812 execve", "812 close"]
    assert sum(account.half_calls for account in reader.accounting) == 0


def test_children_in_another_pid_namespace_come_in_order_of_birth(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="clone(child_stack=NULL, flags=CLONE_NEWPID|SIGCHLD) = 813; close(3) = 0",
        t813="vfork() = 2; vfork() = 3; close(4) = 0",
        t814="close(5) = 0",
        t815="close(6) = 0",
    )
    assert told(reader) == [
        *("812 clone", "812 close"),
        *("813 vfork...", "attached 814", "813 vfork"),
        *("813 vfork...", "attached 815", "813 vfork"),
        *("813 close", "814 close", "815 close"),
    ]


def test_children_of_unknown_namespaces_begin_one_by_one(tmp_path: Path) -> None:
    """Twice the number 2: in two namespaces, and which file is whose cannot be told."""
    reader = family(
        tmp_path,
        t812="vfork() = 2; close(3) = 0; vfork() = 2; close(4) = 0",
        t814="close(5) = 0",
        t815="close(6) = 0",
    )
    assert told(reader) == [
        *("812 vfork", "812 close", "812 vfork", "812 close", "814 close", "815 close"),
    ]


def test_a_file_whose_clone_was_never_printed_is_read_all_the_same(tmp_path: Path) -> None:
    reader = family(
        tmp_path,
        t812="clone(child_stack=NULL, flags=SIGCHLD) = 813; close(3) = 0",
        t813="clone(child_stack=NULL, flags=SIGCHLD) = 812; close(4) = 0",
    )
    assert sorted(told(reader)) == ["812 clone", "812 close", "813 clone", "813 close"]


def test_an_empty_member_is_no_obstacle(tmp_path: Path) -> None:
    reader = family(tmp_path, t812="10:00:00 vfork() = 900; 10:00:01 close(3) = 0", t900="")
    assert told(reader) == ["812 vfork", "foreign", "812 close"]
    (tmp_path / "x.900").write_text("")
    assert told(TraceReader(reader.trace)) == ["812 vfork", "812 close"]
