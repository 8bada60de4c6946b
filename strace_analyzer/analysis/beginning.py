"""Takes the first call of a trace, or the names of all, gives whether the trace covers only one
thread or child.

glibc registers a new thread's robust futexes in its first or second call, and a forked child's in
its first (nptl/pthread_create.c start_thread(), sysdeps/nptl/_Fork.c); a program does so much
later, because the dynamic loader runs first. The file of one thread, from strace -ff, begins with
execve() only if it is that of the program itself, or of a child that runs another one.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from strace_analyzer.trace.events import EXECS

_AS_A_CHILD = frozenset({"set_robust_list", "rseq"})


def ends_as_a_thread(names: AbstractSet[str]) -> bool:
    """True if a trace with calls of these `names`, all of whose tasks have ended, shows the end of
    threads, but not that of their process: glibc ends a process by exit_group(), and with exit()
    only the thread that calls it (_exit(2), NOTES)."""
    return "exit" in names and "exit_group" not in names and EXECS.isdisjoint(names)


def is_of_a_child(first: str | None, thread: int | None) -> bool:
    """True if a trace with this `first` call begins as a thread or child does. Also true if it
    belongs to `thread` alone, going by its file name, and does not begin as a program does. The
    rest of the process is then missing."""
    if first is None:
        return False
    return first in _AS_A_CHILD or (thread is not None and first not in EXECS)
