"""How traces are to be judged, independent of what is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strace_analyzer.machine import Listing
from strace_analyzer.rules import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of an analysis; each trace may add what its head says of its machine."""

    rules: tuple[type[Rule], ...]
    port_range: tuple[int, int] | None = None
    """the ephemeral range to assume, (low, high); None for the host's default"""
    host_range: tuple[int, int] | None = None
    """the range of the machine that is traced live, from /proc; None for a file"""
    autobind_reuse: bool = False
    """net.ipv4.ip_autobind_reuse was 1 on the traced machine"""
    tw_reuse: int | None = None
    """net.ipv4.tcp_tw_reuse on the traced machine; None if unknown"""
    keep_sockets: bool = False
    """collect every socket's life"""
    keep_processes: bool = False
    """collect every process's life, including those without sockets"""
    what_if: tuple[int, int] | None = None
    """another port range, (low, high): would it have been enough?"""
    jobs: int = 1
    """how many processes may work on one trace"""
    strict: bool = False
    """look at every line, including those that cannot matter"""
    machine: Listing | None = None
    """the sockets of the traced machine, if the user gave a list of them"""
    ask_machine: Callable[[], Listing | None] | None = None
    """for a trace made here and now: queries the machine's sockets, at the first call that finds no
    port"""
    nothing_hidden: bool = False
    """we started strace, with the options that show all that the model needs"""
    something_hidden: bool = False
    """the head of the trace says that the options of strace showed only a part of that"""
    started_script: str = ""
    """`python3 bills.py`, if strace started an interpreter: with -s 0 execve() does not show it"""
