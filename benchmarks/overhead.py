"""Measure what strace costs the traced program, by its options.

    python benchmarks/overhead.py [--rounds N] [--docs]

Two workloads: connections on the loopback interface, most of whose calls are traced, and reads of
/dev/zero, which only the wider options trace. Each runs untraced, with what `command` prints, and
with the options that people use instead; the table has the least wall time as a multiple of the
untraced one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import machine, row, write_section
from measure import Timing, Work, interleaved

from strace_analyzer.strace_command import strace_command

HERE = Path(__file__).resolve().parent
READS = "f = open('/dev/zero', 'rb', 0); any(not f.read(4096) for _ in range(100_000))"
UNTRACED = "untraced"


def works(program: Sequence[str], output: str) -> list[Work]:
    """Return the program untraced, and under strace in each of the ways."""
    ours = strace_command(program=program, output=output)
    plain = ["strace", "-f", "-o", output]
    return [
        Work(UNTRACED, list(program)),
        Work("`command`", ours),
        Work("`command --lean`", strace_command(program=program, output=output, lean=True)),
        Work("the same without --seccomp-bpf", [word for word in ours if word != "--seccomp-bpf"]),
        Work("strace -f -e trace=%network", [*plain, "-e", "trace=%network", "--", *program]),
        Work("strace -f, all calls", [*plain, "--", *program]),
    ]


def times(timings: dict[str, Timing]) -> dict[str, str]:
    """Return by name the least time, as a multiple of the untraced one."""
    least = min(timings[UNTRACED].wall)
    return {
        name: f"{min(timing.wall) / least:.1f} x" if timing.wall else "failed"
        for name, timing in timings.items()
    }


def measure(rounds: int) -> list[str]:
    """Return the lines of the section."""
    with tempfile.TemporaryDirectory() as directory:
        output, truth = f"{directory}/trace", f"{directory}/truth"
        programs = {
            "connections": [sys.executable, str(HERE / "workload.py"), truth, "100", "4"],
            "reads of a file": [sys.executable, "-c", READS],
        }
        found = {
            name: times(interleaved(works(program, output), rounds))
            for name, program in programs.items()
        }
    names = list(next(iter(found.values())))
    return [
        f"`python benchmarks/overhead.py`: {machine()}; {rounds} rounds after a warm-up.",
        "",
        row("wall time of the traced program", *found),
        row(*["---"] * (len(found) + 1)),
        *(row(name, *(column[name] for column in found.values())) for name in names),
        "",
    ]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--docs", action="store_true", help="write it into docs/benchmarks.md")
    chosen = parser.parse_args(argv)
    lines = measure(chosen.rounds)
    print("\n".join(lines))
    if chosen.docs:
        write_section("What strace costs", lines)


if __name__ == "__main__":
    main()
