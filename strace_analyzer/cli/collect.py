"""`collect`: prints a shell script that takes a trace, and the machine's facts, where there is no
Python."""


def collect() -> int:
    """Print a POSIX sh script for a machine or container without Python: sh collect.sh PID|NAME.

    The script runs strace for some seconds, adds the machine's port settings and sockets, and packs
    everything into a .tar.gz for `check FILE.tar.gz`.
    """
    from strace_analyzer.live.collect import script

    print(script(), end="")
    return 0
