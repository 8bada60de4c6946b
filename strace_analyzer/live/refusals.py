"""What stands in the way of tracing, and what to do about it: takes programs, pids and strace's
own words, raises TracingError with one clear line."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from strace_analyzer.errors import StraceAnalyzerError

_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_CAP_SYS_PTRACE = 19
"""capabilities(7), include/uapi/linux/capability.h"""
_OUR_NAME = re.compile(r"^(?:\S*/)?strace: (?:attach: )?")


class TracingError(StraceAnalyzerError):
    """strace cannot do what was asked for; the message says why and what to do."""


def strace_path() -> str:
    """Where strace is. Raises TracingError if it is not installed."""
    path = shutil.which("strace")
    if path is None:
        raise TracingError(
            "strace is not installed: install it "
            "(apt install strace, dnf install strace, apk add strace)"
        )
    return path


def check_program(name: str) -> None:
    """Raises TracingError if `name` is no program that can be run, by path or by PATH
    (execvp(3))."""
    if "/" not in name:
        if shutil.which(name) is None:
            raise TracingError(f"{name}: no such program in PATH")
        return
    path = Path(name)
    if not path.exists():
        raise TracingError(f"{name}: no such file")
    if path.is_dir() or not os.access(path, os.X_OK):
        raise TracingError(f"{name}: is not an executable file")


def check_process(pid: int) -> int:
    """The process of which `pid` is a thread. Raises TracingError if it cannot be traced, as
    far as /proc tells that beforehand (proc_pid_status(5))."""
    status = process_status(pid)
    if status is None:
        raise TracingError(f"{pid}: no such process: it has ended, or never was")
    tgid = int(status["Tgid"])
    if tgid == os.getpid():
        raise TracingError(f"{pid}: that is strace-analyzer itself")
    if status["State"].startswith("Z"):
        raise TracingError(f"{pid}: has ended already (a zombie: its parent has not waited for it)")
    tracer = int(status["TracerPid"])
    if tracer:
        by = process_status(tracer)
        name = "another program" if by is None else by["Name"]
        raise TracingError(f"{pid}: is traced already, by {name} (pid {tracer}): end that first")
    return tgid


def process_status(pid: int) -> dict[str, str] | None:
    """The fields of /proc/PID/status, None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return {
        name: value.strip()
        for name, _, value in (line.partition(":") for line in text.splitlines())
    }


def not_permitted(pid: int | None = None) -> str:
    """Why ptrace(2) says EPERM, most probable reason first, and what to do."""
    status = process_status(os.getpid()) or {}
    is_capable = bool(int(status.get("CapEff", "0"), 16) >> _CAP_SYS_PTRACE & 1)
    scope = _YAMA.read_text(encoding="ascii").strip() if _YAMA.exists() else "0"
    owner = None if pid is None else _owner(pid)
    if scope == "3":
        return "kernel.yama.ptrace_scope is 3: nobody may trace here until the machine is restarted"
    if not is_capable and os.geteuid() == 0:
        return (
            "root without CAP_SYS_PTRACE, as in a container: start it with --cap-add=SYS_PTRACE "
            "(Kubernetes: securityContext.capabilities.add)"
        )
    if owner is not None and owner != os.geteuid() and not is_capable:
        return f"it belongs to {_user(owner)}: run strace-analyzer as that user or as root (sudo)"
    if scope == "2" and not is_capable:
        return "kernel.yama.ptrace_scope is 2: only root may trace (sudo)"
    if scope == "1" and pid is not None and not is_capable:
        return (
            "kernel.yama.ptrace_scope is 1: only root may attach to a running process (sudo), "
            "or everyone after sysctl kernel.yama.ptrace_scope=0"
        )
    if pid is not None and is_capable:
        return "the kernel protects it: a kernel thread, or a process of an outer user namespace"
    if pid is not None:
        return "it is protected (setuid, file capabilities, or not dumpable): try as root (sudo)"
    return "ptrace() is forbidden here (seccomp or SELinux): in a container, allow SYS_PTRACE"


def _owner(pid: int) -> int | None:
    status = process_status(pid)
    return None if status is None else int(status["Uid"].split()[0])


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def explain(said: Iterable[str], pid: int | None = None) -> str:
    """What strace said on standard error before it gave up, as one line that says what to do."""
    lines = [_OUR_NAME.sub("", line.strip()) for line in said if line.strip()]
    if not lines:
        return "strace gave up without a word"
    worst = lines[0]
    who = "" if pid is None else f"{pid}: "
    if "Operation not permitted" in worst:
        return f"{who}strace may not trace {'it' if pid else 'here'}: {not_permitted(pid)}"
    if "No such process" in worst:
        return f"{who}no such process: it has ended"
    if "-k" in worst and "not supported" in worst:
        return "this strace was built without stack traces (-k): leave out --stacks"
    return f"{who}strace cannot trace: {worst}"
