"""Takes what /proc and sock_diag(7) showed when tracing began, puts it into the model: running
processes, with their threads and the sockets behind their descriptors.

Such a socket makes no step until a call in the trace touches it; that call's step is then preceded
by a step `inherited`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os.path import basename
from typing import NamedTuple

from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import Descriptor, OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Binding, Connection, Ending, Origin, Socket
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.machine.facts import Facts
from strace_analyzer.trace.sockaddr import SocketAddress


class ExistingSocket(NamedTuple):
    """The present state of an internet socket. `local` is None if it has no port, `peer` is None if
    it has no peer.

    `is_complete` is False if its local port could not be queried, so that None means unknown.
    `is_incoming` says that it was made by accept().
    """

    inode: int
    domain: str
    type: str
    protocol: str
    local: SocketAddress | None = None
    peer: SocketAddress | None = None
    connection: Connection = Connection.UNCONNECTED
    ending: Ending = Ending.OPEN
    is_incoming: bool = False
    is_complete: bool = True


class ExistingDescriptor(NamedTuple):
    """A descriptor that is a socket."""

    fd: int
    socket: ExistingSocket
    close_on_exec: bool = False


class ExistingProcess(NamedTuple):
    """A process that was already running. `program` is the path of its executable or, failing that,
    its command name; `network` names its network namespace (`net:[4026531840]`)."""

    tgid: int
    tids: tuple[int, ...]
    program: str | None
    argv: tuple[str, ...]
    network: str
    descriptors: tuple[ExistingDescriptor, ...] | None
    """those that are sockets; None if unknown"""
    argv_truncated: bool = False
    """not all of its arguments are known"""


def ran_already(facts: Facts) -> Iterator[ExistingProcess]:
    """The processes that the head of a trace names, with their threads. It says nothing of their
    descriptors."""
    for one in facts.processes:
        argv = (one.program, one.script) if one.script else (one.program,)
        yield ExistingProcess(
            one.pid, one.threads, one.program, argv, "", None, argv_truncated=True
        )


def seed(kernel: Kernel, processes: Iterable[ExistingProcess], ephemeral: tuple[int, int]) -> None:
    """Put `processes` into the model; `ephemeral` is the range (low, high) that port 0 is served
    from.

    Call it before the first event. Sockets with the same inode are one open file description,
    whichever processes hold it.
    """
    descriptions: dict[int, OpenFileDescription] = {}
    for process in processes:
        namespace = kernel.namespaces.get(process.network)
        if namespace is None:
            first = not kernel.namespaces
            namespace = 0 if first else kernel.tasks.new_namespace()
            kernel.namespaces[process.network] = namespace
        task = kernel.tasks.take_in(process.tgid, process.tids, namespace)
        if process.program is not None:
            task.group.command = basename(process.program) or process.program
            task.group.programs.append(process.program)
        task.group.argv = process.argv
        task.group.argv_truncated = process.argv_truncated
        task.group.argv_cut = frozenset()
        for fd, facts, close_on_exec in process.descriptors or ():
            description = descriptions.get(facts.inode)
            if description is None:
                description = _description(kernel, task, fd, facts, ephemeral)
                descriptions[facts.inode] = description
            task.table.set(fd, Descriptor(description, close_on_exec))


def _description(
    kernel: Kernel, task: Task, fd: int, facts: ExistingSocket, ephemeral: tuple[int, int]
) -> OpenFileDescription:
    socket = _socket(kernel.new_socket_id(), task.namespace, facts, ephemeral)
    description = OpenFileDescription(socket, task, fd)
    description.is_unseen = True
    return description


def _socket(id: int, namespace: int, facts: ExistingSocket, ephemeral: tuple[int, int]) -> Socket:
    """The socket that the facts describe. Nobody can tell any more who chose the port of an
    established connection: it is taken as harmless. A port held without a connection is taken as
    bound to port 0 if the kernel could have chosen it."""
    low, high = ephemeral
    binding, local, assigned = Binding.UNBOUND, None, None
    doubts = frozenset[str]() if facts.is_complete else frozenset({Doubt.OLDER})
    if facts.is_incoming:
        binding = Binding.BOUND  # as accept() leaves it: on the listener's port
    elif facts.local is not None and facts.local.port:
        local, assigned = facts.local, facts.local.port
        if facts.connection in (Connection.CONNECTED, Connection.CONNECTING):
            binding = Binding.AUTOBOUND
        elif facts.connection is Connection.LISTENING or not low <= assigned <= high:
            binding, assigned = Binding.BOUND, None
        else:
            binding, local = Binding.EPHEMERAL, facts.local._replace(port=0)
            doubts |= {Doubt.OLDER_BIND}
    return Socket(
        id,
        namespace,
        Origin.ACCEPTED if facts.is_incoming else Origin.INHERITED,
        facts.domain,
        facts.type,
        facts.protocol,
        binding=binding,
        connection=facts.connection,
        ending=facts.ending,
        local=local,
        assigned_port=assigned,
        peer=facts.peer,
        inode=facts.inode,
        doubts=doubts,
    )
