"""Processes that run already as tracing begins: their sockets make no step until they are used."""

from __future__ import annotations

from inspect import cleandoc

from kernel_model.following import THREAD, WEB, in_words

import strace_analyzer as sa
from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.seed import ExistingDescriptor, ExistingProcess, ExistingSocket
from strace_analyzer.kernel.socket_state import Connection, Origin, Socket
from strace_analyzer.trace.sockaddr import SocketAddress

EPHEMERAL = (32768, 60999)
ANYWHERE = SocketAddress("AF_INET", "0.0.0.0", 40001)
HERE = SocketAddress("AF_INET", "192.0.2.1", 40001)
THERE = SocketAddress("AF_INET", "192.0.2.7", 80)
RESERVED = SocketAddress("AF_INET", "0.0.0.0", 1023)


def tcp(
    local: SocketAddress | None = None,
    peer: SocketAddress | None = None,
    connection: Connection = Connection.UNCONNECTED,
    *,
    inode: int = 1,
    is_incoming: bool = False,
    is_complete: bool = True,
) -> ExistingSocket:
    return ExistingSocket(
        inode, "AF_INET", "SOCK_STREAM", "TCP", local, peer, connection,
        is_incoming=is_incoming, is_complete=is_complete,
    )  # fmt: skip


def process(
    *held: ExistingDescriptor, tgid: int = 5, tids: tuple[int, ...] = (5,), network: str = "net:[1]"
) -> ExistingProcess:
    return ExistingProcess(tgid, tids, "/usr/bin/client", ("client", "-v"), network, held)


def seeded(*processes: ExistingProcess) -> Tracker:
    tracker = Tracker()
    tracker.seed(processes, EPHEMERAL)
    return tracker


def test_a_process_whose_program_is_not_known() -> None:
    nameless = process()._replace(program=None)
    (task,) = seeded(nameless).tasks
    assert (task.group.command, task.group.programs) == (None, [])


def told(tracker: Tracker, trace: str) -> list[str]:
    """The steps of the trace in words."""
    return [
        in_words(step)
        for event in sa.parse(cleandoc(trace).splitlines())
        for step in tracker.feed(event)
    ]


def socket_at(tracker: Tracker, fd: int, tid: int = 5) -> Socket:
    (task,) = [task for task in tracker.tasks if task.tid == tid]
    held = task.table.slots.get(fd)
    assert held is not None
    return held.description.socket


def test_the_process_has_its_name_and_its_threads() -> None:
    tracker = seeded(process(tids=(5, 6, 7)))
    groups = {task.group.id: task.group for task in tracker.tasks}
    (group,) = groups.values()
    assert (group.id, group.tgid, group.tids) == ("5", 5, [5, 6, 7])
    assert (group.command, group.argv) == ("client", ("client", "-v"))
    assert len({id(task.table) for task in tracker.tasks}) == 1


def test_a_port_held_without_a_connection_is_an_early_bind_that_nobody_saw() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(ANYWHERE))))
    assert told(tracker, f"5 connect(3, {WEB}) = 0") == [
        "inherited 3: ephemeral unconnected",
        "connect 3: ephemeral connected",
    ]
    socket = socket_at(tracker, 3)
    assert (socket.local, socket.assigned_port) == (ANYWHERE._replace(port=0), 40001)
    assert socket.doubts == {"older-bind"}
    assert tracker.doubts == []


def test_a_port_that_the_kernel_would_not_have_chosen() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(RESERVED))))
    assert told(tracker, f"5 connect(3, {WEB}) = 0")[-1] == "connect 3: bound connected"
    assert socket_at(tracker, 3).doubts == frozenset()


def test_a_socket_without_a_port_gets_one_at_connect() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp())))
    assert told(tracker, f"5 connect(3, {WEB}) = 0") == [
        "inherited 3: unbound unconnected",
        "connect 3: autobound connected",
    ]
    assert tracker.doubts == []


def test_a_socket_whose_port_could_not_be_asked_for_leaves_a_doubt() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(is_complete=False))))
    told(tracker, f"5 connect(3, {WEB}) = 0")
    assert [doubt.code for doubt in tracker.doubts] == ["older-socket"]


def test_a_connection_that_stands_already() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(HERE, THERE, Connection.CONNECTED))))
    assert told(tracker, "5 close(3) = 0") == ["inherited 3: autobound connected", "close 3: gone"]


def test_an_accepted_connection_takes_no_port_of_its_own() -> None:
    facts = tcp(HERE, THERE, Connection.CONNECTED, is_incoming=True)
    socket = socket_at(seeded(process(ExistingDescriptor(3, facts))), 3)
    assert socket.origin is Origin.ACCEPTED
    assert (socket.binding.value, socket.local, socket.peer) == ("bound", None, THERE)


def test_a_listener() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(ANYWHERE, None, Connection.LISTENING))))
    assert told(tracker, "5 close(3) = 0")[0] == "inherited 3: bound listening"


def test_what_is_never_used_makes_no_step() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(ANYWHERE))))
    steps = told(tracker, f"5 connect(4, {WEB}) = -1 EBADF (Bad file descriptor)")
    assert not [step for step in steps if " 3: " in step]
    assert tracker.close() == []


def test_a_duplicate_and_a_new_thread_share_it() -> None:
    tracker = seeded(process(ExistingDescriptor(3, tcp(ANYWHERE))))
    steps = told(
        tracker,
        f"""
        5 dup(3) = 8
        5 close(3) = 0
        5 clone({THREAD}) = 6
        6 connect(8, {WEB}) = 0
        """,
    )
    assert steps[-1] == "connect 8: ephemeral connected"


def test_two_processes_may_hold_one_socket() -> None:
    held = ExistingDescriptor(3, tcp(ANYWHERE))
    tracker = seeded(process(held), process(held, tgid=6, tids=(6,)))
    assert told(tracker, "5 close(3) = 0") == []
    assert told(tracker, "6 close(3) = 0") == [
        "inherited 3: ephemeral unconnected",
        "close 3: gone",
    ]


def test_close_on_exec_goes_at_execve() -> None:
    staying, going = tcp(ANYWHERE, inode=1), tcp(HERE, inode=2)
    tracker = seeded(
        process(ExistingDescriptor(3, staying), ExistingDescriptor(4, going, close_on_exec=True))
    )
    steps = told(tracker, '5 execve("/bin/other", ["other"], 0x7ffc /* 9 vars */) = 0')
    assert steps == ["inherited 4: ephemeral unconnected", "close 4: gone"]
    assert socket_at(tracker, 3).inode == 1


def test_network_namespaces_are_told_apart() -> None:
    tracker = seeded(
        process(ExistingDescriptor(3, tcp(inode=1))),
        process(ExistingDescriptor(3, tcp(inode=2)), tgid=6, tids=(6,), network="net:[2]"),
        process(ExistingDescriptor(3, tcp(inode=3)), tgid=7, tids=(7,)),
    )
    assert [socket_at(tracker, 3, tid).namespace for tid in (5, 6, 7)] == [0, 1, 0]


def test_an_unknown_tid_is_no_child_of_a_seeded_process() -> None:
    """The trace began in the middle: who speaks first need not be the root of all others."""
    tracker = seeded(process())
    told(tracker, '5 execve("/bin/other", ["other"], 0x7ffc /* 9 vars */) = 0')
    assert not tracker.tasks.tree_is_complete


def test_what_stood_at_the_numbers_of_a_process_can_be_unknown() -> None:
    tracker = seeded(process()._replace(descriptors=None))
    told(
        tracker,
        """
        5 dup(3) = 4
        5 setsockopt(4, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
        """,
    )
    assert socket_at(tracker, 3).options.no_port
