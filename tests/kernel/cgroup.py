"""A control group in which every connect() to an IPv4 address fails with EPERM, by a BPF hook of
two instructions.

bpf(2); BPF_CGROUP_INET4_CONNECT of include/uapi/linux/bpf.h. Only for programs.py.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _PROG_ATTACH = 5, 8
_CGROUP_SOCK_ADDR, _INET4_CONNECT = 18, 10
_RETURN_ZERO = struct.pack("<BBhi", 0xB7, 0, 0, 0) + struct.pack("<BBhi", 0x95, 0, 0, 0)


@contextmanager
def without_connect() -> Iterator[bool]:
    """Run the block in such a group; yields False, with nothing changed, if this system does not
    support it."""
    mounts = Path("/proc/mounts").read_text().splitlines()
    root = next((line.split()[1] for line in mounts if " cgroup2 " in line), None)
    number = _BPF.get(os.uname().machine)
    if root is None or number is None:
        yield False
        return
    home = Path(root) / Path("/proc/self/cgroup").read_text().split("::")[-1].strip().lstrip("/")
    group = Path(root) / f"no-connect-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        yield False
        return
    try:
        yield _enter(group, number)
    finally:
        (home / "cgroup.procs").write_text(str(os.getpid()))
        group.rmdir()


def _enter(group: Path, number: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    code, license = ctypes.create_string_buffer(_RETURN_ZERO), ctypes.create_string_buffer(b"GPL")
    load = struct.pack(
        "<IIQQ", _CGROUP_SOCK_ADDR, 2, ctypes.addressof(code), ctypes.addressof(license)
    ) + struct.pack("<IIQII16sII", 0, 0, 0, 0, 0, b"", 0, _INET4_CONNECT)
    program = libc.syscall(number, _PROG_LOAD, load, len(load))
    if program < 0:
        return False
    directory = os.open(group, os.O_RDONLY)
    attach = struct.pack("<IIII", directory, program, _INET4_CONNECT, 0)
    if libc.syscall(number, _PROG_ATTACH, attach, len(attach)) < 0:
        return False
    (group / "cgroup.procs").write_text(str(os.getpid()))
    return True
