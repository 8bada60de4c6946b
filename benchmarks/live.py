"""Measure the cost of a live analysis: the program's time, latency, and memory on a long stream.

    python benchmarks/live.py [--only keeps-up|latency|memory] [--rounds N] [--scale N]
    [--copies N] [--dir DIR] [--docs]

*Keeps up*: the wall time of `strace -f ... -o '|strace-analyzer'` against `strace -f ... -o FILE`
on the same workload, in interleaved rounds; a pipe to cat shows what the pipe alone costs.
*Latency*: from writing the line that completes a finding until the finding can be read. *Memory*: a
trace repeated several times, each copy with its own processes, through a pipe at full speed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import traces
from bench import MEBIBYTE, machine, row, table, verdict, write_section
from measure import Work, environment, interleaved, proportional

HERE = Path(__file__).resolve().parent
OURS = [sys.executable, "-m", "strace_analyzer"]
FOLLOWING = Work("following", OURS)
MOST = 1.05
STRACE = ["strace", "-f", "-tt", "-T", "-yy"]
EARLY_BIND = (
    "{tid} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
    "{tid} setsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0\n"
    "{tid} bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("
    '"0.0.0.0")}}, 16) = 0\n'
    "{tid} connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("
    '"192.0.2.7")}}, 16) = 0\n'
)


def workload(directory: Path, scale: int) -> list[str]:
    """Return the command of the shared workload, or of this directory's."""
    shared = traces.SHARED / "bench" / "workload.sh"
    truth = str(directory / "truth.txt")
    if shared.exists():
        return ["bash", str(shared), str(directory / "work"), truth, str(scale)]
    return [sys.executable, str(HERE / "workload.py"), truth, str(400 * scale), "8"]


def keeps_up(directory: Path, scale: int, rounds: int) -> list[str]:
    """Measure the workload traced into a file, into cat, and into us."""
    program = workload(directory, scale)
    report = directory / "report.json"
    ours = f"|{' '.join(OURS)} --quiet --format json -o {report}"
    works = [
        Work("-o FILE", [*STRACE, "-o", str(directory / "trace"), *program]),
        Work("-o '|cat >FILE'", [*STRACE, "-o", f"|cat >{directory / 'copy'}", *program]),
        Work("-o '|strace-analyzer'", [*STRACE, "-o", ours, *program]),
    ]
    timings = interleaved(works, rounds)
    out = table("keeps up", timings, "-o FILE")
    if not all(timing.wall for timing in timings.values()):
        return [*out, "Failed.", ""]
    ratio = timings[works[2].name].median / timings[works[0].name].median
    return [*out, f"Ratio {ratio:.3f}, at most {MOST}: {verdict(ratio <= MOST)}.", ""]


def latency(findings: int = 100) -> list[str]:
    """Measure milliseconds from the line to the finding."""
    took = []
    with subprocess.Popen(
        [*OURS, "--quiet", "--follow", "--format", "concise"],
        env=environment(FOLLOWING),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for tid in range(1000, 1000 + findings):
            for line in EARLY_BIND.format(tid=tid).splitlines():
                begin = time.perf_counter()
                process.stdin.write(f"{line}\n")
            process.stdout.readline()
            took.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.02)
        process.stdin.close()
        process.stdout.read()
    first, *rest = took  # the first one includes the program's start
    cells = (f"{statistics.median(rest):.1f}", f"{max(rest):.1f}", f"{first:.0f}")
    return [row("latency, ms", "median", "most", "first"), row(*["---"] * 4), row("", *cells), ""]


def memory(trace: Path, times: int) -> list[str]:
    """Measure PSS after each copy of the trace."""
    out = [row("memory on a long stream", "lines", "MiB (PSS)"), row(*["---"] * 3)]
    with subprocess.Popen(
        [*OURS, "--quiet", "--format", "json", "-o", os.devnull],
        env=environment(FOLLOWING),
        stdin=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        each = sum(1 for _ in trace.open("rb"))
        for number, line in enumerate(traces.copies(trace, times), 1):
            process.stdin.write(line)
            if number % each == 0:
                process.stdin.flush()
                time.sleep(0.5)  # the pipe holds a few thousand lines
                used = proportional(process.pid) / MEBIBYTE
                out.append(row(f"copy {number // each}", f"{number:,}", f"{used:.0f}"))
        process.stdin.close()
    return [*out, ""]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, help="where the traces are kept")
    parser.add_argument("--scale", type=int, default=1, help="1 is a million lines")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=17, help="17 are 30 minutes")
    parser.add_argument("--only", choices=["keeps-up", "latency", "memory"])
    parser.add_argument("--trace", type=Path, help="for memory; else the network trace")
    parser.add_argument("--docs", action="store_true", help="write them into docs/benchmarks.md")
    chosen = parser.parse_args(argv)
    lines = [
        f"`python benchmarks/live.py`: {machine()}; {chosen.rounds} rounds after a warm-up.",
        "",
    ]
    if chosen.only in (None, "keeps-up"):
        with tempfile.TemporaryDirectory() as directory:
            lines += keeps_up(Path(directory), chosen.scale, chosen.rounds)
    if chosen.only in (None, "latency"):
        lines += latency()
    if chosen.only in (None, "memory"):
        directory = (chosen.dir or traces.cache_directory()).resolve()
        trace = chosen.trace or traces.make(directory, chosen.scale)["network"].path
        lines += memory(trace, chosen.copies)
    print("\n".join(lines))
    if chosen.docs:
        write_section("Measured live", lines)


if __name__ == "__main__":
    main()
