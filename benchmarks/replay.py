"""Replay traces in a loop into `strace-analyzer check -`, and measure its memory.

    python benchmarks/replay.py TRACE... [--mib N] [--same-process] [--option WORD...]

Each TRACE must have times (-f -tt, or -f -ttt). In each round its lines come later, from other
processes (also in clone()) and from other local ports. With --same-process, one process does
everything, like a service that runs for weeks; lines about programs that begin and end are then
left out. Nothing is written to disk except by the reader itself. The memory is that of the reading
process (VmRSS and VmHWM of proc_pid_status(5)), printed at each eighth of the text.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from measure import ELSEWHERE, Work, environment

PIDS = 4_000_000
"""number of process ids before they are reused: proc_sys_kernel(5), pid_max"""
_LINE = re.compile(rb"(?:\[pid +)?(\d+)\]? +(?:(\d+):(\d\d):(\d\d\.\d+)|(\d+\.\d+)) (.*\n)", re.S)
_BORN = re.compile(rb"(\b(?:clone3?|v?fork)\b.*\)) = (\d+)")
_NAMED = re.compile(rb"(parent_tid=\[|child_tid=|exit_group_pid=|si_pid=)(\d+)")
_LOCAL = re.compile(rb"(port=htons\()(\d{5})(\))")
_LIFE = re.compile(
    rb"\+\+\+ |--- |execve\(|exit_group\(|exit\(|v?fork\(|clone3?\(|<\.\.\. (?:clone|v?fork|exit)"
)


class Line:
    """One line of a trace, split into the parts that change."""

    __slots__ = ("at", "rest", "tid")

    def __init__(self, tid: int, at: float, rest: bytes) -> None:
        self.tid, self.at, self.rest = tid, at, rest


def lines(trace: Path, same: bool) -> list[Line]:
    """Return the lines of one trace that have a time."""
    found = []
    for line in trace.read_bytes().splitlines(keepends=True):
        match = _LINE.fullmatch(line)
        if match is None or (same and _LIFE.search(match[6])):
            continue
        tid, hours, minutes, seconds, epoch, rest = match.groups()
        at = float(epoch) if epoch else int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        found.append(Line(int(tid), at, rest))
    return found


def rounds(traces: list[list[Line]], same: bool) -> Iterator[bytes]:
    """Yield the text of one round after another."""
    now = 1_700_000_000.0
    threads = [
        {tid: at for at, tid in enumerate(sorted({one.tid for one in trace}))} for trace in traces
    ]
    pid = 1000
    for number in count():
        for trace, tids in zip(traces, threads, strict=True):
            first = trace[0].at
            base = 1000 if same else pid

            def other(
                match: re.Match[bytes], base: int = base, tids: dict[int, int] = tids
            ) -> bytes:
                return (
                    match[1]
                    + (b" = " if match.re is _BORN else b"")
                    + b"%d" % (base + tids.get(int(match[2]), 0))
                )

            def port(match: re.Match[bytes], number: int = number) -> bytes:
                given = int(match[2])
                if not 32768 <= given <= 60999:
                    return match[0]
                return b"%b%d%b" % (match[1], 32768 + (given + number * 17) % 28232, match[3])

            said = []
            for line in trace:
                rest = line.rest
                if rest.startswith((b"getsockname(", b"accept")):
                    rest = _LOCAL.sub(port, rest)
                elif b"clone" in rest or b"fork" in rest:
                    rest = _NAMED.sub(other, _BORN.sub(other, rest))
                said.append(b"%d %.6f %b" % (base + tids[line.tid], now + line.at - first, rest))
            yield b"".join(said)
            now += trace[-1].at - first + 0.01
            pid = pid + len(tids) if pid < PIDS else 1000


def memory(pid: int) -> tuple[int, int]:
    """Return the current and the peak memory of a process in MiB."""
    said = Path(f"/proc/{pid}/status").read_text()
    now, most = (re.search(rf"{name}:\s+(\d+)", said) for name in ("VmRSS", "VmHWM"))
    assert now is not None
    assert most is not None
    return int(now[1]) >> 10, int(most[1]) >> 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--mib", type=int, default=64, help="so much text")
    parser.add_argument("--same-process", action="store_true")
    parser.add_argument("--option", action="append", default=[], help="one more word for check")
    options = parser.parse_args()
    traces = [lines(trace, options.same_process) for trace in options.traces]
    command = [sys.executable, "-m", "strace_analyzer", "check", "-q", *options.option, "-"]
    wanted, sent, told, sum_lines = options.mib << 20, 0, 1, 0
    began = time.monotonic()
    with (
        tempfile.TemporaryFile() as out,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, cwd=ELSEWHERE, env=environment(Work("", ()))
        ) as process,
    ):
        assert process.stdin is not None
        for text in rounds(traces, options.same_process):
            process.stdin.write(text)
            sent += len(text)
            sum_lines += text.count(b"\n")
            if sent * 8 >= told * wanted:
                now, most = memory(process.pid)
                print(f"{sent >> 20:7,} MiB, {sum_lines:12,} lines, "
                      f"{time.monotonic() - began:7,.0f} s: {now} MiB, at most {most}",
                      flush=True)  # fmt: skip
                told += 1
            if sent >= wanted:
                break
        process.stdin.close()
        status = process.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"status {status}; at most {used.ru_maxrss >> 10} MiB with the report, "
              f"{used.ru_utime + used.ru_stime:,.0f} s of processor")  # fmt: skip
        out.seek(0)
        print(out.read(1 << 16).decode(errors="replace")[:3000])
    return int(status not in (0, 1))


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main())
