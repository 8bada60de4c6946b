"""Gives the shell script that takes a trace, and the machine's facts, where there is no Python."""

from __future__ import annotations

from importlib.resources import files

from strace_analyzer.machine.facts import SYSCTLS
from strace_analyzer.plain import shell_line
from strace_analyzer.strace_command import strace_command


def script() -> str:
    """collect.sh with our strace options, and the names of the settings that matter."""
    text = files("strace_analyzer.live").joinpath("collect.sh").read_text("utf-8")
    strace = strace_command(pids=(0,), output=None)[:-2]  # the script knows which processes
    return text.replace("@STRACE@", shell_line(strace)).replace("@SYSCTLS@", " ".join(SYSCTLS))
