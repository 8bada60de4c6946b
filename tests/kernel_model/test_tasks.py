"""Tasks: who is whose child or thread, and so which descriptors and which network it has."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    FORK,
    TCP,
    THREAD,
    WEB,
    follow,
    so_far,
)

import strace_analyzer as sa
from strace_analyzer.kernel import Tracker

START = '7 execve("/bin/a", ["a", "-v"], 0x7ffd1 /* 9 vars */) = 0'
"""the trace begins with its first task, so all others come from it"""


@pytest.mark.parametrize(
    ("call", "shares", "same_process"),
    [
        (f"clone({THREAD}) = 8", True, True),
        (f"clone({FORK}, child_tidptr=0x7f1) = 8", False, False),
        ("clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_FILES|SIGCHLD) = 8", True, False),
        ("clone2(child_stack=0x7f1, stack_size=65536, flags=CLONE_FILES) = 8", True, False),
        ("clone(0x11, NULL, NULL, NULL, 0) = 8", False, False),
        ("clone(0x3d0f00, 0x7f1, 0x7f2, 0x7f3, 0x7f4) = 8", True, True),
        ("clone(flags=CLONE_FILES|0x80000000) = 8", True, False),
        ("fork() = 8", False, False),
        ("vfork() = 8", False, False),
        ("clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 8", False, False),
        (
            "clone3({flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, child_tid=0x7f1}"
            " => {parent_tid=[8]}, 88) = 8",
            True,
            True,
        ),
    ],
)
def test_what_a_child_shares(call: str, shares: bool, same_process: bool) -> None:
    followed = so_far(
        f"{START}\n7 socket({TCP}) = 3\n7 {call}\n7 socket({TCP}) = 4\n8 getpid() = 8"
    )
    assert followed.shares_table(7, 8) is shares
    assert followed.open_fds(8) == ([3, 4] if shares else [3])
    assert (followed.task(8).group is followed.task(7).group) is same_process
    if not same_process:
        assert followed.task(8).group.parent is followed.task(7).group


def test_a_child_is_called_what_its_parent_is_until_it_says_otherwise() -> None:
    followed = so_far(f"""
        {START}
        7 fork() = 8
        7 fork() = 9
        9 execve("/bin/b", ["b"..., ...], 0x7ffd1 /* 9 vars */) = 0
        9 execveat(AT_FDCWD, "sbin/", ["c", "-x"], NULL, 0) = 0
        9 execve(0x7ffd1, 0x7ffd2, 0x7ffd3) = 0
        """)
    one, two = followed.task(8).group, followed.task(9).group
    assert (one.command, one.argv, one.argv_truncated) == ("a", ("a", "-v"), False)
    assert (two.command, two.argv, two.argv_truncated) == ("sbin/", ("c", "-x"), False)
    assert two.programs == ["/bin/b", "sbin/"]


def test_a_cut_command_line_is_known_to_be_cut() -> None:
    followed = so_far('7 execve("/bin/a", ["a", "b"..., ...], 0x7ffd1 /* 9 vars */) = 0')
    assert followed.task(7).group.argv == ("a", "b")
    assert followed.task(7).group.argv_truncated


def test_the_kernels_name_of_a_task_where_execve_is_not_seen() -> None:
    followed = so_far("""
        7<beam.smp> getpid() = 7
        8<scheduler_1> getpid() = 7
        """)
    assert followed.task(7).group.command == "beam.smp"


@pytest.mark.parametrize("call", ["clone", "clone3", "fork", "vfork", "clone2"])
def test_a_failed_clone_makes_nobody(call: str) -> None:
    followed = so_far(f"""
        {START}
        7 {call}(0x11 <unfinished ...>
        7 <... {call} resumed>) = ? ERESTARTNOINTR (To be restarted)
        7 {call}(0x11) = -1 EAGAIN (Resource temporarily unavailable)
        7 {call}(0x11) = ?
        """)
    assert list(followed.tasks) == [7]


# the child speaks first


def test_a_child_that_speaks_before_its_clone_returns() -> None:
    followed = so_far(f"""
        {START}
        7 socket({TCP}) = 3
        7 clone({FORK} <unfinished ...>
        8 close(3) = 0
        7 <... clone resumed>, child_tidptr=0x7f1) = 8
        7 bind(3, {ANY}) = 0
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])
    assert not followed.task(8).ambiguous
    assert followed.said[1:] == ["7 bind 3: ephemeral unconnected"]


def test_a_child_that_is_gone_before_its_clone_returns() -> None:
    """vfork(2): the caller waits until the child has executed another program or is gone. It must
    not come to life again and keep the sockets it inherited."""
    followed = so_far(f"""
        {START}
        7 socket({TCP}) = 3
        7 vfork( <unfinished ...>
        8 execve("/none", ["none"], 0x7f1 /* 9 vars */) = -1 ENOENT (No such file or directory)
        8 exit_group(127) = ?
        8 +++ exited with 127 +++
        7 <... vfork resumed>) = 8
        7 close(3) = 0
        """)
    assert list(followed.tasks) == [7]
    assert followed.told[1:] == ["close 3: gone"]


def test_the_number_is_one_of_another_pid_namespace() -> None:
    """strace prints its own namespace's numbers, clone() returned the caller's (pid_namespaces(7))."""
    followed = so_far(f"""
        25500 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25500 socket({TCP}) = 3
        25500 vfork( <unfinished ...>
        25508 bind(3, {ANY}) = 0
        25500 <... vfork resumed>) = 2
        """)
    assert sorted(followed.tasks) == [25500, 25508]
    assert followed.said[1:] == ["25508 bind 3: ephemeral unconnected"]


def test_also_where_the_child_speaks_later() -> None:
    followed = so_far(f"""
        25500 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25500 socket({TCP}) = 3
        25500 fork() = 2
        25500 close(3) = 0
        25508 bind(3, {ANY}) = 0
        25508 +++ exited with 0 +++
        """)
    assert followed.said[1:] == ["25508 bind 3: ephemeral unconnected", "25508 close 3: gone"]
    assert followed.steps[-1].task.group.tgid == 25508


def test_and_where_strace_translates_it() -> None:
    """--pidns-translation"""
    followed = so_far(f"""
        25500 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25500 fork() = 2 /* 25508 in strace's PID NS */
        25500 clone({THREAD}) = 3 /* 25510 in strace's PID NS */
        """)
    assert sorted(followed.tasks) == [25500, 25508, 25510]


def test_a_thread_of_another_pid_namespace() -> None:
    followed = so_far(f"""
        25500 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25500 clone({THREAD}) = 2
        25508 getpid() = 1
        """)
    assert followed.task(25508).group is followed.task(25500).group
    assert followed.task(25508).group.tids == [25500, 25508]


def test_where_two_of_them_have_not_spoken_which_is_which_is_not_certain() -> None:
    followed = so_far("""
        25500 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25500 fork() = 2
        25500 fork() = 3
        25508 getpid() = 2
        25509 getpid() = 3
        """)
    assert followed.task(25508).ambiguous
    assert not followed.task(25509).ambiguous


def test_attached_to_a_container_numbers_below_the_parents_are_namespace_numbers() -> None:
    followed = so_far(f"""
        25500 fork() = 25502
        25502 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        25502 socket({TCP}) = 3
        25502 fork() = 2
        25508 bind(3, {ANY}) = 0
        """)
    assert followed.said[1:] == ["25508 bind 3: ephemeral unconnected"]


# two calls under way

TWO = f"""
{START}
7 fork() = 8
7 socket({TCP}) = 3
7 bind(3, {ANY}) = 0
8 socket({TCP}) = 3
8 bind(3, {ANY}) = 0
7 clone({FORK} <unfinished ...>
8 clone({FORK} <unfinished ...>
"""


def test_with_two_clones_under_way_what_a_child_inherits_is_doubtful() -> None:
    followed = so_far(TWO + f"11 connect(3, {WEB}) = 0")
    assert followed.task(11).ambiguous
    assert followed.last.doubts == {"pairing"}


@pytest.mark.parametrize("first", [11, 12])
def test_the_results_tell_whose_child_it_is(first: int) -> None:
    """11 comes from 7, 12 from 8, whichever of them spoke first."""
    second = 23 - first
    followed = so_far(
        TWO
        + f"""{first} getpid() = {first}
{second} getpid() = {second}
8 <... clone resumed>, child_tidptr=0x7f1) = 12
7 <... clone resumed>, child_tidptr=0x7f1) = 11
11 connect(3, {WEB}) = 0
12 connect(3, {WEB}) = 0
"""
    )
    assert followed.task(11).group.parent is followed.task(7).group
    assert followed.task(12).group.parent is followed.task(8).group
    assert not followed.task(11).ambiguous
    assert not followed.task(12).ambiguous
    assert {step.socket.doubts for step in followed.steps[-2:]} == {frozenset()}


def test_a_child_that_was_taken_for_anothers_keeps_what_it_made_itself() -> None:
    followed = so_far(
        TWO
        + f"""12 socket({TCP}) = 4
8 <... clone resumed>, child_tidptr=0x7f1) = 12
11 getpid() = 11
7 <... clone resumed>, child_tidptr=0x7f1) = 11
12 connect(4, {WEB}) = 0
"""
    )
    assert followed.task(12).group.parent is followed.task(8).group
    assert followed.open_fds(12) == [3, 4]
    assert followed.told[-1] == "connect 4: autobound connected"


def test_a_child_that_has_not_spoken_while_the_others_has() -> None:
    """12 spoke and was taken for 7's; 7's is 11, so 12 is 8's."""
    followed = so_far(
        TWO
        + """12 getpid() = 12
7 <... clone resumed>, child_tidptr=0x7f1) = 11
11 getpid() = 11
8 <... clone resumed>, child_tidptr=0x7f1) = 12
"""
    )
    assert followed.task(11).group.parent is followed.task(7).group
    assert followed.task(12).group.parent is followed.task(8).group


def test_a_child_whose_taken_parents_clone_failed_is_the_others() -> None:
    followed = so_far(
        TWO
        + f"""12 connect(3, {WEB}) = 0
7 <... clone resumed>) = -1 EAGAIN (Resource temporarily unavailable)
8 <... clone resumed>, child_tidptr=0x7f1) = 12
"""
    )
    assert sorted(followed.tasks) == [7, 8, 12]
    assert followed.task(12).group.parent is followed.task(8).group


def test_a_child_that_is_gone_before_its_taken_parents_clone_returns() -> None:
    followed = so_far(
        TWO
        + """12 exit_group(0) = ?
12 +++ exited with 0 +++
7 <... clone resumed>, child_tidptr=0x7f1) = 11
8 <... clone resumed>, child_tidptr=0x7f1) = 12
"""
    )
    assert sorted(followed.tasks) == [7, 8, 11]


def test_three_clones_under_way() -> None:
    """20 and 21 were taken for the children of 7 and 8; 7's is 30, so 20 must be 9's."""
    followed = so_far(f"""
        {START}
        7 fork() = 8
        7 fork() = 9
        9 socket({TCP}) = 3
        7 clone({FORK} <unfinished ...>
        8 clone({FORK} <unfinished ...>
        9 clone({FORK} <unfinished ...>
        20 getpid() = 20
        21 getpid() = 21
        7 <... clone resumed>) = 30
        9 <... clone resumed>) = 20
        8 <... clone resumed>) = 21
        """)
    parents = {tid: followed.task(tid).group.parent for tid in (20, 21, 30)}
    assert parents == {tid: followed.task(of).group for tid, of in ((20, 9), (21, 8), (30, 7))}
    assert (followed.open_fds(20), followed.open_fds(21)) == ([3], [])


def test_a_clone_whose_result_is_a_task_that_spoke_before_it_was_entered() -> None:
    """12 spoke while 7 was inside of clone(), which then returned 8, a number used again."""
    followed = so_far(f"""
        {START}
        7 fork() = 8
        8 getpid() = 8
        7 clone({FORK} <unfinished ...>
        12 getpid() = 12
        7 <... clone resumed>) = 8
        """)
    assert sorted(followed.tasks) == [7, 8, 12]
    assert followed.task(8).group.id == "8#2"


def test_what_a_doubtful_child_has_that_nobody_was_seen_to_make_is_doubtful_too() -> None:
    followed = so_far(TWO + f"11 connect(9, {WEB}) = 0")
    assert followed.last.doubts == {"older-socket", "pairing"}


def test_a_stranger_is_not_the_child_that_has_not_spoken_yet() -> None:
    """Attached to 7: nothing says that all others come from it."""
    followed = so_far(f"""
        7 socket({TCP}) = 3
        7 fork() = 8
        9 getpid() = 9
        8 close(3) = 0
        """)
    assert sorted(followed.tasks) == [7, 8, 9]
    assert followed.task(8).group.parent is followed.task(7).group
    assert followed.shares_table(7, 9)


def test_threads_of_one_table_are_never_ambiguous() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        7 clone({THREAD} <unfinished ...>
        8 clone({THREAD} <unfinished ...>
        11 socket({TCP}) = 3
        8 <... clone resumed>) = 11
        12 connect(3, {WEB}) = 0
        7 <... clone resumed>) = 12
        """)
    assert not followed.task(11).ambiguous
    assert not followed.last.doubts
    assert {task.group.id for task in followed.tasks.values()} == {"7"}


# the end of a task


def test_threads_share_their_table_until_the_last_is_gone() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        7 +++ exited with 0 +++
        8 bind(3, {ANY}) = 0
        8 +++ killed by SIGSEGV (core dumped) +++
        """)
    assert followed.said[1:] == ["8 bind 3: ephemeral unconnected", "8 close 3: gone"]


def test_the_end_of_a_task_that_nothing_was_known_of() -> None:
    followed = so_far("9 +++ exited with 0 +++\n9 +++ killed by SIGKILL +++")
    assert not followed.tasks


def test_a_tid_that_speaks_after_its_exit_is_a_new_task() -> None:
    followed = so_far(f"""
        {START}
        7 fork() = 8
        8 socket({TCP}) = 3
        8 +++ exited with 0 +++
        7 fork() = 8
        8 connect(3, {WEB}) = 0
        """)
    assert followed.task(8).group.id == "8#2"
    assert followed.told[1:3] == ["close 3: gone", "inherited 3: unbound unconnected"]


def test_a_tid_that_is_made_again_had_ended() -> None:
    """Its exit is not in the trace (-e trace=... with -q, or lines lost)."""
    followed = so_far(f"""
        {START}
        7 fork() = 8
        8 socket({TCP}) = 3
        7 fork() = 8
        8 connect(3, {WEB}) = 0
        """)
    assert followed.told[1:3] == ["close 3: gone", "inherited 3: unbound unconnected"]


def test_execve_ends_the_other_threads() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        8 unshare(CLONE_FILES) = 0
        8 socket({TCP}) = 3
        7 execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0
        """)
    assert list(followed.tasks) == [7]
    assert followed.told[1:] == ["close 3: gone"]


def test_execve_unshares_the_descriptor_table() -> None:
    followed = so_far(f"""
        {START}
        7 socket({TCP}) = 3
        7 clone(child_stack=0x7f1, flags=CLONE_FILES|SIGCHLD) = 8
        8 execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0
        8 close(3) = 0
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])


def test_a_thread_that_executes_a_program_goes_on_as_the_leader() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        8 execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */ <pid changed to 7 ...>
        7 +++ superseded by execve in pid 8 +++
        7 <... execve resumed>) = 0
        7 connect(3, {WEB}) = 0
        """)
    assert list(followed.tasks) == [7]
    assert followed.task(7).group.command == "b"
    assert followed.said[2:] == ["7 connect 3: ephemeral connected"]


def test_superseded_by_a_thread_that_was_not_seen() -> None:
    followed = so_far(f"""
        {START}
        7 +++ superseded by execve in pid 8 +++
        """)
    assert not followed.tasks


def test_the_leader_is_superseded_while_it_connects() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        7 connect(3, {WEB} <unfinished ...>
        8 connect(3, {WEB} <unfinished ...>
        7 +++ superseded by execve in pid 8 +++
        7 +++ killed by SIGKILL +++
        """)
    assert followed.said[1:] == [
        "7 connect 3: autobound connecting",
        "7 outcome 3: autobound connecting",
        "7 close 3: gone",
    ]


# unshare and setns


def test_unshare_of_the_descriptors() -> None:
    followed = so_far(f"""
        {START}
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        8 unshare(CLONE_FILES) = 0
        8 unshare(CLONE_FILES) = 0
        8 close(3) = 0
        7 unshare(CLONE_FILES) = -1 EPERM (Operation not permitted)
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])


@pytest.mark.parametrize(
    ("call", "moves"),
    [
        ("unshare(CLONE_NEWNET) = 0", True),
        ("unshare(CLONE_NEWUSER|CLONE_NEWNET) = 0", True),
        ("unshare(CLONE_NEWNS) = 0", False),
        ("unshare(CLONE_NEWNET) = -1 EPERM (Operation not permitted)", False),
        ("setns(5, CLONE_NEWNET) = 0", True),
        ("setns(5<net:[4026532008]>, CLONE_NEWNET) = 0", True),
        ("setns(5</run/netns/blue>, CLONE_NEWNET) = 0", True),
        ("setns(5</proc/9/ns/net>, 0) = 0", True),
        ("setns(5<net:[4026532008]>, 0) = 0", True),
        ("setns(5</proc/9/ns/mnt>, 0) = 0", False),
        ("setns(5, 0) = 0", False),
        ("setns(5, CLONE_NEWNS) = 0", False),
        ("setns(5, CLONE_NEWNET) = -1 EPERM (Operation not permitted)", False),
    ],
)
def test_the_network_of_a_task(call: str, moves: bool) -> None:
    followed = so_far(f"""
        7 socket({TCP}) = 3
        7 {call}
        7 socket({TCP}) = 4
        7 bind(3, {ANY}) = 0
        """)
    assert [step.socket.namespace for step in followed.steps] == [0, int(moves), 0]


def test_a_network_that_is_entered_again() -> None:
    followed = so_far(f"""
        7 setns(5<net:[4026532008]>, CLONE_NEWNET) = 0
        7 socket({TCP}) = 3
        7 setns(6<net:[4026532100]>, CLONE_NEWNET) = 0
        7 socket({TCP}) = 4
        7 setns(7<net:[4026532008]>, CLONE_NEWNET) = 0
        7 socket({TCP}) = 8
        """)
    assert [step.socket.namespace for step in followed.steps] == [1, 2, 1]


def test_a_child_in_a_network_of_its_own() -> None:
    followed = so_far(f"""
        {START}
        7 clone(child_stack=NULL, flags=CLONE_NEWNET|SIGCHLD) = 8
        7 socket({TCP}) = 3
        8 socket({TCP}) = 3
        """)
    assert [step.socket.namespace for step in followed.steps] == [0, 1]


# tasks whose kinship the trace does not tell


def test_tasks_of_unknown_kinship_are_taken_for_threads_of_one_process() -> None:
    followed = follow(f"""
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        8 connect(3, {WEB}) = 0
        """)
    assert followed.said == [
        "7 socket 3: unbound unconnected",
        "7 bind 3: ephemeral unconnected",
        "8 connect 3: ephemeral connected",
    ]
    assert followed.last.doubts == {"clone-hidden"}


def test_until_one_is_given_a_number_that_the_other_never_closed() -> None:
    followed = so_far(f"""
        7 close(9) = 0
        7 socket({TCP}) = 3
        8 socket({TCP}) = 4
        8 socket({TCP}) = 3
        8 close(3) = 0
        8 close(4) = 0
        7 bind(3, {ANY}) = 0
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])
    assert followed.told[3:] == [
        "close 3: gone",
        "close 4: gone",
        "bind 3: ephemeral unconnected",
    ]
    assert followed.task(8).group is not followed.task(7).group


def test_where_close_is_not_traced_the_number_was_closed_unseen() -> None:
    followed = so_far(f"""
        7 socket({TCP}) = 3
        8 socket({TCP}) = 3
        """)
    assert followed.told[1:] == ["close 3: gone", "socket 3: unbound unconnected"]
    assert followed.shares_table(7, 8)


def test_or_until_a_note_shows_that_it_is_another_socket() -> None:
    """Attached to two processes with -yy, close() traced: who closed 3 would have been seen."""
    followed = so_far(f"""
        7 close(9) = 0
        7 socket({TCP}) = 3<TCP:[4711]>
        7 bind(3<TCP:[4711]>, {ANY}) = 0
        8 connect(3<TCP:[4712]>, {WEB}) = 0
        7 connect(3<TCP:[0.0.0.0:40001]>, {WEB}) = 0
        """)
    assert followed.said[2:] == [
        "8 inherited 3: unbound unconnected",
        "8 connect 3: autobound connected",
        "7 connect 3: ephemeral connected",
    ]


def test_or_until_it_executes_a_program() -> None:
    followed = so_far(f"""
        7 socket({TCP}) = 3
        8 execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0
        8 close(3) = 0
        9 getpid() = 7
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])
    assert followed.task(8).group.tgid == 8
    assert followed.shares_table(7, 9)


def test_or_until_it_turns_out_to_be_somebodys_child() -> None:
    """-ff without a common clock: the child's file can come first."""
    followed = so_far(f"""
        7 socket({TCP}) = 3
        8 socket({TCP}) = 4
        8 getpid() = 8
        7 fork() = 8
        8 close(3) = 0
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3, 4], [4])
    assert followed.task(8).group.parent is followed.task(7).group
    assert followed.task(8).group.tids == [8]


def test_or_somebodys_thread() -> None:
    followed = so_far(f"""
        7 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        8 socket({TCP}) = 4
        7 clone({THREAD}) = 8
        7 close(4) = 0
        """)
    assert followed.shares_table(7, 8)
    assert followed.said[1:] == ["7 close 4: gone"]


def test_where_the_tree_is_complete_and_no_clone_is_traced_they_are_the_first_tasks() -> None:
    followed = follow(f"""
        {START}
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        8 connect(3, {WEB}) = 0
        """)
    assert followed.said[2:] == ["8 connect 3: ephemeral connected"]
    assert followed.last.doubts == {"clone-hidden"}


def test_a_task_that_strace_announces() -> None:
    followed = so_far("""
        strace: Process 7 attached
        [pid 7] getpid() = 7
        """)
    assert list(followed.tasks) == [7]


def test_the_first_task_says_its_number_before_it_calls_anything() -> None:
    followed = so_far("""
        --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0} ---
        [pid 7] getpid() = 7
        """)
    assert list(followed.tasks) == [7]


def test_the_first_task_says_its_number_late() -> None:
    followed = so_far(f"""
        execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        socket({TCP}) = 3
        clone({FORK} <unfinished ...>
        strace: Process 8 attached
        [pid 8] close(3) = 0
        [pid 7] <... clone resumed>, child_tidptr=0x7f1) = 8
        [pid 7] bind(3, {ANY}) = 0
        """)
    assert followed.said[1:] == ["7 bind 3: ephemeral unconnected"]
    assert (followed.task(7).group.tgid, followed.task(7).group.tids) == (7, [7])
    assert followed.task(8).group.parent is followed.task(7).group


def test_a_thread_that_strace_announces_within_its_clone_is_no_stranger() -> None:
    """The notice cuts the line of the clone that made it in two."""
    followed = so_far(f"""
        execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        clone({FORK}strace: Process 8 attached
        , child_tidptr=0x7f1) = 8
        [pid 8] +++ exited with 0 +++
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        clone({THREAD}strace: Process 9 attached
        , parent_tid=[9]) = 9
        [pid 9] connect(3, {WEB}) = 0
        """)
    assert followed.told[-1] == "connect 3: ephemeral connected"
    assert not followed.last.doubts


def test_the_first_task_is_given_a_number_that_a_stranger_never_closed() -> None:
    followed = so_far(f"""
        {START}
        7 close(9) = 0
        8 socket({TCP}) = 3
        7 socket({TCP}) = 3
        8 bind(3, {ANY}) = 0
        """)
    assert followed.said == [
        "8 socket 3: unbound unconnected",
        "7 socket 3: unbound unconnected",
        "8 bind 3: ephemeral unconnected",
    ]
    assert followed.task(7).group.id == "7"


def test_what_a_stranger_made_that_is_gone_was_closed_unseen() -> None:
    followed = so_far(f"""
        7 close(9) = 0
        8 socket({TCP}) = 3
        8 +++ exited with 0 +++
        7 socket({TCP}) = 3
        """)
    assert followed.said[1:] == ["7 close 3: gone", "7 socket 3: unbound unconnected"]


def test_a_socket_that_is_made_as_the_trace_ends_is_told_of() -> None:
    """With entry times only it may come back late: what is held back till the end is not lost."""
    flags = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD"
    lines = [
        f"7 1.0 clone(child_stack=0x7f1, flags={flags}) = 8",
        "8 1.1 getpid() = 7",
        "8 1.2 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
    ]
    tracker = Tracker()
    tracker.expect_entry_times()
    told = [step for event in sa.parse(lines) for step in tracker.feed(event)]
    told += tracker.close()
    assert [step.role for step in told] == ["socket"]
