"""Takes the first call of a trace, gives whether it is only the part of one thread or child.

glibc tells the kernel where a new thread's robust futexes are in its first or second call, and a
forked child's in its first (nptl/pthread_create.c start_thread(), sysdeps/nptl/_Fork.c); a program
does so much later, since the dynamic loader comes before. The file of one thread, from strace -ff,
begins with execve() only where it is that of the program itself, or of a child that runs another.
"""

from __future__ import annotations

_AS_A_CHILD = frozenset({"set_robust_list", "rseq"})
_AS_A_PROGRAM = frozenset({"execve", "execveat"})


def is_of_a_child(first: str | None, thread: int | None) -> bool:
    """A trace with this `first` call begins as a thread or a child does; or, being that of `thread`
    alone by the name of its file, not as a program does: what else there was is not in it."""
    if first is None:
        return False
    return first in _AS_A_CHILD or (thread is not None and first not in _AS_A_PROGRAM)
