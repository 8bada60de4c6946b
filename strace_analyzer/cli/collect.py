"""`collect`: prints a shell script that takes a trace, and the machine's facts, where there is no
Python."""

from __future__ import annotations


def collect() -> int:
    """Print a POSIX sh script for a machine or container without Python: sh collect.sh PID|NAME.

    It runs strace for some seconds and adds what the machine says of its ports, in one .tar.gz that
    `check FILE.tar.gz` reads.
    """
    from strace_analyzer.live.collect import script

    print(script(), end="")
    return 0
