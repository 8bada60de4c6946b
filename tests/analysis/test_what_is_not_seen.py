"""Lines that were not understood and tasks that were never seen: no trace with them is clean.

For every sample: whichever line that can decide is damaged, and whichever child's lines are left
out, the verdict is no all-clear.
"""

from __future__ import annotations

import html
import itertools
import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis.deciding import DECIDING, deciding_call
from strace_analyzer.report.gate import Judgement, judge, parse_gate
from strace_analyzer.report.selection import Selected

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
NAMES = [sample.stem for sample in SAMPLES]
DAMAGES = (
    lambda line, at: line.replace(")", " ~~", 1),
    lambda line, at: line.replace(", ", ",, ~", 1),
    lambda line, at: line[:at] + "\ufffd{" + line[at:],
    lambda line, at: re.sub(r"= [^=]*$", "= &", line),
)
CLIENT = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 recvfrom(3, "", 1, 0, NULL, NULL) = 0
7 close(3) = 0
"""
THREAD = "clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD)"


def analysed(lines: str) -> sa.Analysis:
    analyzer = sa.Analyzer()
    for line in lines.splitlines():
        analyzer.feed(line)
    return analyzer.close()


def judged(analysis: sa.Analysis) -> Judgement:
    return judge(Selected(analysis), parse_gate((), ()))


def verdict(lines: str) -> str:
    return judged(analysed(lines)).verdict


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [((), "clean"), ((0,), "inconclusive"), ((1, 2, 3), "inconclusive"), (range(6), "clean")],
)
def test_text_that_is_html_in_part_was_put_together(escaped: Sequence[int], expected: str) -> None:
    lines = ['7 open("/etc/x", O_RDONLY) = 4', *CLIENT.splitlines(), '7 open("y", O_RDONLY) = 4']
    for number in escaped:
        lines[number] = html.escape(lines[number])

    assert verdict("\n".join(lines)) == expected


@cache
def lines_of(sample: Path) -> tuple[str, ...]:
    return tuple(sample.read_text().splitlines())


def test_a_program_that_is_seen_whole_is_clean() -> None:
    assert verdict(CLIENT) == "clean"


@pytest.mark.parametrize("name", sorted(DECIDING))
@pytest.mark.parametrize("where", ["first", "last"])
def test_no_line_that_can_decide_may_be_unread(name: str, where: str) -> None:
    damaged = f"7 {name}(4, {{~~) = 0\n"
    analysis = analysed(damaged + CLIENT if where == "first" else CLIENT + damaged)
    judgement = judged(analysis)
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2)
    line = 1 if where == "first" else 5
    assert analysis.traces[0].inconclusive == f"line {line} ({name}) was not understood"
    (unknown,) = [entry for entry in analysis.unknown if entry.code == "unread-line"]
    assert unknown.first.line == line
    assert "strace -fyyttT" in unknown.remedy


COPIES = [f"fcntl(3, {command}" for command in ("F_DUPFD", "F_DUPFD_CLOEXEC", "F_SETFD")]
BROKEN_OFF = sorted({call[:end] for call in COPIES for end in range(len("fcntl("), len(call) + 1)})


@pytest.mark.parametrize("call", BROKEN_OFF)
def test_a_call_that_may_copy_may_break_off_nowhere(call: str) -> None:
    assert verdict(f"{CLIENT}7 {call}\n{CLIENT}") == "inconclusive"


@pytest.mark.parametrize("call", ["fcntl(3, F_GETFL", "fcntl(3, F_SETFL", "fcntl(3, F_SETLK"])
def test_a_call_that_neither_copies_nor_marks_may_break_off(call: str) -> None:
    assert verdict(f"{CLIENT}7 {call}\n{CLIENT}") == "clean"


SO_ERROR = "getsockopt(3, SOL_SOCKET, SO_ERROR,"


@pytest.mark.parametrize("end", range(len("getsockopt("), len(SO_ERROR) + 1))
def test_what_became_of_a_connection_may_break_off_nowhere(end: int) -> None:
    assert verdict(f"{CLIENT}7 {SO_ERROR[:end]}\n{CLIENT}") == "inconclusive"


OPENS = ("openat(AT_FDCWD, {~~", "openat(AT_FDCWD, {~~) = ", "epoll_create1({", "open({~~) = 0x7f3")


@pytest.mark.parametrize("call", OPENS)
def test_a_new_descriptor_may_have_any_number(call: str) -> None:
    assert verdict(f"{CLIENT}7 {call}\n{CLIENT}") == "inconclusive"


@pytest.mark.parametrize("result", ["5", "5</etc/hosts>", "-1 ENOENT (No such file or directory)"])
def test_one_whose_number_is_shown_says_what_is_closed(result: str) -> None:
    assert verdict(f"{CLIENT}7 openat(AT_FDCWD, {{~~) = {result}\n{CLIENT}") == "clean"


def test_another_option_may_be_unread() -> None:
    assert verdict(f"{CLIENT}7 getsockopt(3, SOL_SOCKET, SO_RCVBUF, {{~~) = 0\n") == "clean"


def test_a_line_that_changes_nothing_may_be_unread() -> None:
    assert verdict(CLIENT + "7 mmap(NULL, {~~) = 0x7f1\n") == "clean"


@pytest.mark.parametrize(
    "call", ["bind(x, {", "connect(-1, {", "listen({3}, 4", "setsockopt(, 1", "bind("]
)
def test_a_call_on_a_descriptor_that_cannot_be_read_is_unread(call: str) -> None:
    assert verdict(f"{CLIENT}7 {call}) = 0\n") == "inconclusive"


def test_a_trace_of_which_most_is_unread_is_inconclusive_whatever_it_is() -> None:
    assert verdict(CLIENT + "7 mmap(NULL, {~~) = 0x7f1\n" * 5) == "inconclusive"


def test_many_unread_lines_are_named_and_counted() -> None:
    analysis = analysed(CLIENT + "7 bind(4, {~~) = 0\n" * 9)
    assert analysis.traces[0].inconclusive == (
        "lines 5, 6, 7, 8, 9, 10 and 3 more (bind) were not understood"
    )


def is_read(line: str) -> bool:
    return not any(isinstance(event, sa.Unparsed) for event in sa.parse([line]))


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_with_a_damaged_line_is_not_clean(sample: Path) -> None:
    lines = lines_of(sample)
    chance = random.Random(sample.name)
    deciding = [number for number, line in enumerate(lines) if deciding_call(line) in DECIDING]
    for _ in range(12):
        number = chance.choice(deciding)
        damaged = chance.choice(DAMAGES)(lines[number], chance.randrange(len(lines[number])))
        if is_read(damaged):
            continue
        found = verdict("\n".join([*lines[:number], damaged, *lines[number + 1 :]]))
        assert found in ("inconclusive", "findings"), (number + 1, damaged)


# children and threads


@pytest.mark.parametrize(
    "call", [THREAD, "fork()", "vfork()", "clone(child_stack=NULL, flags=SIGCHLD)"]
)
def test_a_child_that_was_never_seen_may_have_done_anything(call: str) -> None:
    analysis = analysed(f"{CLIENT}7 {call} = 8\n7 exit_group(0) = ?\n7 +++ exited with 0 +++\n")
    assert judged(analysis).verdict == "inconclusive"
    (warning,) = analysis.warnings
    assert (warning.code, warning.count, warning.effect) == ("not-followed", 1, "may-miss")
    assert "task 8 was made and never seen" in warning.message
    assert "strace -fyyttT" in warning.remedy


def test_a_child_that_was_seen_hides_nothing() -> None:
    assert verdict(f"{CLIENT}7 {THREAD} = 8\n8 +++ exited with 0 +++\n") == "clean"


ATTACHED = "strace: Process 8 attached\n"
WAITED = "7 wait4(-1, NULL, 0, NULL) = 8\n"
ENDED = "7 exit_group(0) = ?\n7 +++ exited with 0 +++\n"


@pytest.mark.parametrize("made", [f"7 {THREAD} = 8\n", "7 fork() = 8\n", ""])
@pytest.mark.parametrize("then", ["", WAITED, f"strace: Process 8 detached\n{WAITED}"])
def test_the_notice_that_strace_follows_a_task_is_no_sight_of_it(made: str, then: str) -> None:
    """Whether or not the trace shows the call that made the task."""
    analysis = analysed(CLIENT + made + ATTACHED + then + ENDED)
    assert judged(analysis).verdict == "inconclusive"
    assert "task 8 was made and never seen" in analysis.warnings[0].message


def test_a_notice_inside_the_call_that_made_the_task_is_none_either() -> None:
    halves = f"7 fork( <unfinished ...>\n{ATTACHED}7 <... fork resumed>) = 8\n"
    assert verdict(CLIENT + halves + ENDED) == "inconclusive"
    assert verdict(f"{CLIENT}{halves}8 +++ exited with 0 +++\n{ENDED}") == "clean"


@pytest.mark.parametrize("made", [f"7 {THREAD} = 8\n", ""])
@pytest.mark.parametrize("seen", ["8 close(9) = -1 EBADF (Bad file descriptor)\n", ""])
def test_a_task_that_strace_follows_and_that_ends_hides_nothing(made: str, seen: str) -> None:
    ended = "8 +++ exited with 0 +++\n"
    assert verdict(CLIENT + made + ATTACHED + seen + ended + ENDED) == "clean"


def test_a_task_that_strace_followed_to_the_end_of_the_trace_hides_nothing() -> None:
    left = "strace: Process 7 detached\nstrace: Process 8 detached\n"
    assert verdict(f"{CLIENT}7 {THREAD} = 8\n{ATTACHED}{left}") == "clean"


def test_a_task_that_strace_was_attached_to_may_be_idle() -> None:
    assert verdict(f"strace: Process 7 attached\n{ATTACHED}{CLIENT}{ENDED}") == "clean"


EXECUTES = 'execve("/bin/x", ["x"], 0x7f1 /* 1 var */'


@pytest.mark.parametrize(
    "made",
    [
        f"7 fork() = 8\n8 {EXECUTES} <detached ...>\n",
        f"7 vfork( <unfinished ...>\n8 {EXECUTES} <detached ...>\n7 <... vfork resumed>) = 8\n",
        f"7 fork() = 8\n8 {EXECUTES}strace: Process 8 detached\n <detached ...>\n",
        f"7 fork() = 8\n8 {EXECUTES.replace('execve(', 'execveat(3, ')} <detached ...>\n",
    ],
)
@pytest.mark.parametrize("end", [ENDED, "7 close(9) = -1 EBADF (-)\n"])
def test_a_task_that_strace_let_go_at_its_execve_may_have_done_anything(
    made: str, end: str
) -> None:
    """strace -b execve."""
    message = let_go(CLIENT + made + end)
    assert "strace let task 8 go at execve (-b execve)" in message


UNSEEN = "nothing is seen of task 8 after execve: strace detached there (-b execve, or as it was"


@pytest.mark.parametrize(
    "left",
    [
        f"8 {EXECUTES} <detached ...>\n",
        f"8 {EXECUTES} <detached ...>\n7 wait4(-1,  <detached ...>\n",
        f"8 {EXECUTES} <unfinished ...>\n{WAITED}{ENDED}",
        f"8 {EXECUTES} <unfinished ...>\n{ENDED}",
    ],
)
def test_what_else_it_may_be_is_said(left: str) -> None:
    """strace detaches from all tasks if it is stopped (Ctrl-C); and where another task's line comes
    between, `<detached ...>` is not printed at all, though the trace goes on to its end."""
    assert UNSEEN in let_go(f"{CLIENT}7 fork() = 8\n{left}")


def let_go(lines: str) -> str:
    """The one warning about `lines`, which are inconclusive by it alone."""
    analysis = analysed(lines)
    judgement = judged(analysis)
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2)
    (warning,) = analysis.warnings
    assert (warning.code, warning.count, warning.effect) == ("let-go", 1, "may-miss")
    assert "without -b execve, take it again" in warning.remedy
    return warning.message


def test_an_execve_in_which_the_trace_ends_is_cut() -> None:
    analysis = analysed(f"{CLIENT}7 fork() = 8\n8 {EXECUTES} <unfinished ...>\n{WAITED}")
    assert "truncated-end" in {warning.code for warning in analysis.warnings}


def test_a_trace_that_was_ended_while_calls_waited_let_nobody_go() -> None:
    left = "7 read(0,  <detached ...>\n8 wait4(-1,  <detached ...>\n"
    assert verdict(f"{CLIENT}7 {THREAD} = 8\n8 close(9) = -1 EBADF (-)\n{left}") == "clean"


def test_a_child_that_could_not_be_made_hides_nothing() -> None:
    failed = "-1 EAGAIN (Resource temporarily unavailable)"
    assert verdict(f"{CLIENT}7 {THREAD} = {failed}\n") == "clean"


def test_a_child_whose_number_is_given_again_before_it_spoke_counts() -> None:
    analysis = analysed(f"{CLIENT}7 {THREAD} = 8\n7 {THREAD} = 8\n8 +++ exited with 0 +++\n")
    assert [warning.count for warning in analysis.warnings] == [1]


def test_a_number_that_nobody_gave_back_is_evidence_of_an_unseen_task() -> None:
    again = "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n"
    analysis = analysed(CLIENT + again + again)
    assert judged(analysis).verdict == "inconclusive"
    assert [entry.code for entry in analysis.unknown] == ["number-given-twice"]
    assert verdict(CLIENT + again + "7 close(4) = 0\n" + again) == "clean"


def task_of(line: str) -> str:
    return line.split(" ", 1)[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_without_one_of_its_children_is_not_clean(sample: Path) -> None:
    """Of those that end: there every child says at least that it exits."""
    lines = lines_of(sample)
    if "+++ exited with" not in lines[-1]:
        pytest.skip("children of it may be silent")
    made = re.compile(r"(?:clone3?|v?fork)\b.*= (\d+)$")
    born = {match[1] for line in lines if (match := made.search(line))}
    for child in sorted(born & {task_of(line) for line in lines})[:6]:
        kept = [line for line in lines if task_of(line) != child]
        assert verdict("\n".join(kept)) in ("inconclusive", "findings"), child


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_the_lines_of_one_thread_are_no_all_clear(sample: Path) -> None:
    """`grep ^PID trace`, of a thread that ended before its process did."""
    lines = lines_of(sample)
    ended = {task_of(line) for line in lines if re.search(r"[ >]exit\(0", line)}
    for thread in sorted(ended)[:12]:
        own = [line for line in lines if task_of(line) == thread]
        assert verdict("\n".join(own)) in ("inconclusive", "findings"), thread


def test_a_thread_that_only_ends_is_no_all_clear() -> None:
    ended = "7 exit(0) = ?\n7 +++ exited with 0 +++\n"
    analysis = analysed(ended)
    assert [warning.code for warning in analysis.warnings] == ["one-thread"]
    assert verdict(f"{CLIENT}{ended}") == "inconclusive"
    assert verdict(f"{CLIENT}7 exit_group(0) = ?\n7 +++ exited with 0 +++\n") == "clean"
    begun = '7 execve("a", [], NULL) = 0\n'
    assert verdict(f"{begun}{CLIENT}{ended}") == "clean"
    assert verdict(f"{CLIENT}8 exit(0) = ?\n8 +++ exited with 0 +++\n") == "clean"


# one file of several

CHILDREN = {
    "a thread": ["rseq(0x7f1, 0x20, 0, 0x53053053) = 0", "set_robust_list(0x7f1, 24) = 0"],
    "a forked child": ["set_robust_list(0x7f1, 24) = 0", "close(4) = 0"],
    "a goroutine's thread": ["gettid() = 7", "sigaltstack(NULL, {ss_sp=NULL}) = 0"],
    "a spawned child": [
        "rt_sigprocmask(SIG_SETMASK, [], NULL, 8) = 0",
        'execve("a", [], NULL) = 0',
    ],
}
BARE = [line.partition(" ")[2] for line in CLIENT.splitlines()]


def verdict_of(path: Path) -> str:
    return judged(sa.analyze(path)).verdict


@pytest.mark.parametrize("begins", CHILDREN)
@pytest.mark.parametrize("name", ["out.7", "out.7.strace", "strace-log.7.gz"])
def test_one_file_of_a_family_is_no_all_clear(tmp_path: Path, begins: str, name: str) -> None:
    path = tmp_path / name
    path.write_text("\n".join([*CHILDREN[begins], *BARE, "exit(0) = ?", ""]))
    analysis = sa.analyze(path)
    assert judged(analysis).verdict == "inconclusive"
    assert [warning.code for warning in analysis.warnings] == ["one-thread"]
    assert "all files of -ff" in (analysis.warnings[0].remedy or "")


@pytest.mark.parametrize("begins", ["a thread", "a forked child"])
@pytest.mark.parametrize("pid", ["", "7 "])
def test_its_name_may_be_lost_or_its_lines_selected(tmp_path: Path, begins: str, pid: str) -> None:
    path = tmp_path / "one.txt"
    path.write_text("".join(f"{pid}{line}\n" for line in (*CHILDREN[begins], *BARE)))
    assert verdict_of(path) == "inconclusive"


def test_the_file_of_a_whole_program_is_one(tmp_path: Path) -> None:
    path = tmp_path / "out.7"
    path.write_text("\n".join(['execve("a", ["a"], 0x7f1 /* 3 vars */) = 0', *BARE, ""]))
    assert verdict_of(path) == "clean"


def test_a_file_that_is_named_so_may_hold_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "attached.7"
    path.write_text(f"{CLIENT}7 {THREAD} = 8\n8 set_robust_list(0x7f1, 24) = 0\n")
    assert verdict_of(path) == "clean"


def test_all_files_but_that_of_the_first_thread(tmp_path: Path) -> None:
    for number, begins in enumerate(CHILDREN.values(), 7):
        (tmp_path / f"out.{number}").write_text("\n".join([*begins, *BARE, ""]))
    assert verdict_of(tmp_path) == "inconclusive"


HALF_READ = (
    'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16)',
    "10:00:00 connect(3<TCP:[17]>, {sa_family=AF_INET}, 16",
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)",
    "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4)",
    "dup(????) = 5",
    "dup2(x, 5) = 5",
    "socketcall(SYS_BIND, 0xffb) = 0",
    "socketcall(2, 0xffb) = 0",
)


@pytest.mark.parametrize("call", HALF_READ)
def test_a_call_without_its_result_or_its_descriptor_is_unread(call: str) -> None:
    assert verdict(f"{CLIENT}7 {call}\n{CLIENT}") == "inconclusive"


LONG = "".join(f"7 read(9, {chr(34)}{chr(34)}, 4096) = {at}\n" for at in range(1, 1500))


@pytest.mark.parametrize("name", ["???", "????"])
@pytest.mark.parametrize("before", ["", LONG], ids=["early", "late"])
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("7 {}() = 0\n7 close(5) = 0\n", "inconclusive"),
        ("7 {}( <unfinished ...>\n7 <... {} resumed>) = 0\n", "inconclusive"),
        ("7 {}( <unfinished ...>\n7 <... {} resumed>) = ?\n7 close(5) = 0\n", "inconclusive"),
        ("7 {}() = -1 ENOSYS (Function not implemented)\n7 close(5) = 0\n", "clean"),
        ("7 {}( <unfinished ...>\n7 <... {} resumed>) = ?\n7 +++ killed by SIGKILL +++\n", "clean"),
        ("7 {}( <unfinished ...>\n7 +++ killed by SIGKILL +++\n", "clean"),
        ("7 {}( <unfinished ...>\n7 +++ exited with 0 +++\n", "clean"),
        ("7 {}( <unfinished ...>\n", "clean"),
        ("7 {}( <unfinished ...>\n7 close(5) = -1 EBADF (-)\n", "inconclusive"),
        ("7 {}( <unfinished ...>\n7 poll([{fd=5}], 1, 0 <unfinished ...>\n", "inconclusive"),
    ],
)
def test_a_call_whose_number_strace_could_not_read_may_be_any(
    tmp_path: Path, name: str, before: str, call: str, expected: str
) -> None:
    """Not one that failed, nor one in which its task was killed: it did nothing."""
    path = tmp_path / "a.strace"
    path.write_text(f"{CLIENT}{before}{call.replace('{}', name)}")
    assert verdict_of(path) == expected


TCP = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
UDP = "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3\n"
TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
CONNECT = f"connect(3, {TO}) = 0\n"
NAMED = (
    'bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0\n'
)
SEND = f'sendto(3, "", 0, 0, {TO}) = 0\n'
ACCEPT = (
    'accept4(3, {sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("192.0.2.7")}, '
    "[16], SOCK_CLOEXEC) = 5\n"
)
SELECTED = {
    "sockets alone": TCP * 40,
    "datagram sockets alone": UDP * 40,
    "bound": (TCP + NAMED) * 40,
    "datagrams": (UDP + SEND) * 40,
    "bound datagram sockets": (UDP + NAMED + SEND) * 40,
    "accepted, of no listener": TCP + NAMED + ACCEPT * 40,
    "one of them used": TCP + NAMED + TCP + CONNECT + TCP * 40,
    "one of them connected": TCP + CONNECT + TCP * 40,
}


@pytest.mark.parametrize("pid", ["", "700 "])
@pytest.mark.parametrize("lines", SELECTED.values(), ids=SELECTED)
def test_numbers_given_again_without_a_close_are_missing_lines(lines: str, pid: str) -> None:
    """`grep AF_INET trace`."""
    made = judged(analysed("".join(f"{pid}{line}\n" for line in lines.splitlines())))
    assert (made.verdict, made.exit_status) == ("inconclusive", 2)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (TCP + NAMED + (TCP + CONNECT) * 40, "clean"),
        (TCP + NAMED + "listen(3, 5) = 0\n" + ACCEPT * 40, "no-connections"),
        (TCP + NAMED + TCP.replace("= 3", "= 4") + CONNECT.replace("(3", "(4"), "clean"),
    ],
    ids=["each is connected", "a server", "none is given again"],
)
def test_where_only_close_can_be_missing_it_decides_nothing(lines: str, expected: str) -> None:
    assert verdict(lines) == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_a_sample_without_its_connects_and_closes_is_no_all_clear(sample: Path) -> None:
    """What a search for some words leaves of it."""
    lines = list(sample.read_text(errors="surrogateescape").splitlines(True))
    for words in ("socket(AF_INET", "AF_INET", "htons("):
        kept = [line for line in lines if words in line and "connect" not in line]
        made = [line for line in kept if "socket(AF_INET" in line and "SOCK_STREAM" in line]
        numbers = [(line.split("socket(")[0].split()[:1], line.split()[-1]) for line in made]
        if any(one == other for one, other in itertools.pairwise(numbers)):
            assert verdict("".join(kept)) == "inconclusive"


@pytest.mark.parametrize(
    "between",
    ["", "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n", "fcntl(3, F_GETFL) = 0x2\n"],
)
def test_what_makes_a_socket_ready_is_no_use_of_it(between: str) -> None:
    """A snippet with a bind() that failed shows no connect(), whatever stands between."""
    refused = NAMED.replace("= 0", "= -1 EACCES (Permission denied)")
    assert verdict(TCP + between + refused) == "inconclusive"
