"""Takes the number of a system call that strace has no name for, gives the calls that it may be.

strace prints `syscall_0x1b3(...)` for a call that is newer than itself (`SYS_291(...)` before
strace 4.12 or so), and does not say for which architecture. Since Linux 5.1 new calls have the same
number everywhere, except on Alpha, where it is 110 higher, and on MIPS and x32, where it is added
to a base. The only question here is whether such a call could decide the verdict.
"""

from __future__ import annotations

import re

_X86_64 = {
    22: "pipe", 32: "dup", 33: "dup2", 41: "socket", 42: "connect", 43: "accept", 46: "sendmsg",
    47: "recvmsg", 49: "bind", 50: "listen", 53: "socketpair", 54: "setsockopt", 56: "clone",
    57: "fork", 58: "vfork", 59: "execve", 72: "fcntl", 272: "unshare", 288: "accept4",
    292: "dup3", 293: "pipe2", 299: "recvmmsg", 307: "sendmmsg", 308: "setns", 322: "execveat",
}  # fmt: skip
"""arch/x86/entry/syscalls/syscall_64.tbl"""
_X32 = {
    518: "sendmsg", 519: "recvmsg", 520: "execve", 537: "recvmmsg", 538: "sendmmsg",
    541: "setsockopt", 545: "execveat",
}  # fmt: skip
"""The same table, where x32 has numbers of its own; the others are those of x86-64."""
_I386 = {
    2: "fork", 11: "execve", 41: "dup", 42: "pipe", 55: "fcntl", 63: "dup2", 102: "socketcall",
    120: "clone", 190: "vfork", 221: "fcntl64", 310: "unshare", 330: "dup3", 331: "pipe2",
    337: "recvmmsg", 345: "sendmmsg", 346: "setns", 358: "execveat", 359: "socket",
    360: "socketpair", 361: "bind", 362: "connect", 363: "listen", 364: "accept4",
    366: "setsockopt", 370: "sendmsg", 372: "recvmsg",
}  # fmt: skip
"""arch/x86/entry/syscalls/syscall_32.tbl"""
_GENERIC = {
    23: "dup", 24: "dup3", 25: "fcntl", 59: "pipe2", 97: "unshare", 198: "socket",
    199: "socketpair", 200: "bind", 201: "listen", 202: "accept", 203: "connect",
    208: "setsockopt", 211: "sendmsg", 212: "recvmsg", 220: "clone", 221: "execve",
    242: "accept4", 243: "recvmmsg", 268: "setns", 269: "sendmmsg", 281: "execveat",
}  # fmt: skip
"""scripts/syscall.tbl: arm64, riscv, loongarch"""
EVERYWHERE = {
    417: "recvmmsg", 425: "io_uring_setup", 435: "clone3", 436: "close_range",
    438: "pidfd_getfd",
}  # fmt: skip
"""The same number on all architectures (Linux 5.1 and later)."""
TABLES = {"x86-64": _X86_64, "x32": _X32, "i386": _I386, "arm64": _GENERIC}
"""By architecture, the calls that can decide: analysis.deciding.DECIDING."""
_BASES = (0, 110, 4000, 5000, 6000, 1 << 30)
"""Bases added to the numbers: of Alpha from 424 on; of MIPS o32, n64 and n32; of x32."""
_NUMBERED = re.compile(r"(?:syscall|SYS)_(0x[0-9a-f]{1,16}|[0-9]{1,10})", re.ASCII)


def calls_numbered(name: str) -> tuple[str, ...]:
    """The deciding calls that `name`, a number as strace prints it, may be, each once; () if there
    are none or `name` is not a number."""
    match = _NUMBERED.fullmatch(name)
    if match is None:
        return ()
    number = int(match[1], 0) if match[1].startswith("0x") else int(match[1])
    numbers = [number - base for base in _BASES]
    tables = (EVERYWHERE, *TABLES.values())
    found = [table.get(one) for one in numbers for table in tables]
    return tuple(dict.fromkeys(name for name in found if name is not None))
