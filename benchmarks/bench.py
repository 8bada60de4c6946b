"""Times strace-analyzer beside its yardsticks on the same traces and prints the table of the docs.

    python benchmarks/bench.py [--dir DIR] [--scale N] [--rounds N] [--quick] [--growth]
    [--markdown FILE]

Every command is run once to warm up; then come rounds in which each runs once, so that a
disturbance of the machine hits all alike. A ratio is ours over the yardstick's median of the same
run. Memory is measured in a run of its own, as the proportional set size (PSS) summed over our
processes. Results are checked: the findings of bind-any-port-zero must be the sockets that the
workload says it bound early, neither more nor less.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import traces
import yardsticks
from measure import Timing, Work, interleaved, peak_memory

HERE = Path(__file__).resolve().parent
OURS = [sys.executable, "-m", "strace_analyzer", "check", "--format", "json", "--quiet"]
WITHOUT_HYPERSCAN = (
    "import sys; sys.modules['hyperscan'] = None; "
    "from strace_analyzer.cli import main; sys.exit(main())"
)
MEBIBYTE = 1 << 20


class Target(NamedTuple):
    """A promise: the ratio of `ours` to `yardstick` on `trace` is at most `most`."""

    trace: str
    ours: str
    yardstick: str
    most: float


TARGETS = [
    Target("mixed-yy", "jobs 1", "gawk join", 0.8),
    Target("mixed-yy", "default jobs", "gawk join", 0.5),
    Target("mixed-yy", "without Hyperscan", "gawk join", 1.2),
    Target("mixed", "jobs 1", "gawk join", 1.3),
    Target("mixed", "default jobs", "gawk join", 1.0),
    Target("network", "jobs 1", "gawk join", 4.0),
    Target("start-up", "check, 1,000 lines", "import typer, lark", 2.5),
    Target("every line", "sa.parse", "plain Lark", 1 / 12),
]
MEMORY = 80 * MEBIBYTE


@cache
def one_job() -> tuple[str, ...]:
    """The options that keep us to one process; none where this version has only one."""
    said = subprocess.run([*OURS[:4], "--help"], capture_output=True, text=True, check=True)
    return ("--jobs", "1") if "--jobs" in said.stdout else ()


def ours(trace: Path) -> list[Work]:
    """Our three ways to do the same work."""
    plain = [sys.executable, "-c", WITHOUT_HYPERSCAN, *OURS[3:]]
    return [
        Work("jobs 1", [*OURS, *one_job(), str(trace)]),
        Work("default jobs", [*OURS, str(trace)]),
        Work("without Hyperscan", [*plain, *one_job(), str(trace)]),
    ]


def early_binds(trace: Path, *options: str) -> int:
    """How many early binds we report on this trace, as certain or probable."""
    done = subprocess.run([*OURS, *options, str(trace)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"status {done.returncode}: {done.stderr[-400:]}")
    findings = json.loads(done.stdout)["findings"]
    return sum(finding["rule"] == "bind-any-port-zero" for finding in findings)


def right(trace: traces.Trace, *options: str) -> None:
    """Raises where the report is not what the workload did."""
    found = early_binds(trace.path, *options)
    if found != trace.early_binds:
        raise RuntimeError(f"{trace.path.name}: {found} early binds, truth {trace.early_binds}")


def start_up(trace: Path) -> list[Work]:
    check = [sys.executable, "-m", "strace_analyzer", "check", "--quiet", str(trace)]
    return [
        Work("import typer, lark", [sys.executable, "-c", "import typer, lark"]),
        Work("check, 1,000 lines", check),
    ]


def every_line(trace: Path) -> list[Work]:
    parse = str(HERE / "parse_all.py")
    return [
        Work("sa.parse", [sys.executable, parse, str(trace)]),
        Work("plain Lark", [sys.executable, parse, "--plain", str(trace)]),
    ]


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(trace: str, timings: dict[str, Timing], base: str) -> list[str]:
    """A markdown table of one run; ratios are to the command named base, where it ran."""
    against = timings[base].median if base in timings else None
    out = [row(trace, "median s", "least s", "processor s", f"ratio to {base}"), row(*["---"] * 5)]
    for name, timing in timings.items():
        ratio = f"{timing.median / against:.2f}" if against else "-"
        spent = sorted(timing.processor)[len(timing.processor) // 2]
        out.append(row(name, f"{timing.median:.3f}", f"{timing.least:.3f}", f"{spent:.3f}", ratio))
    return [*out, ""]


def verdicts(runs: dict[str, dict[str, Timing]]) -> list[str]:
    """The targets against what was measured."""
    out = [row("target", "at most", "measured", ""), row(*["---"] * 4)]
    for target in TARGETS:
        timings = runs.get(target.trace, {})
        if target.ours in timings and target.yardstick in timings:
            ratio = timings[target.ours].median / timings[target.yardstick].median
            name = f"{target.trace}: {target.ours} to {target.yardstick}"
            met = "met" if ratio <= target.most else "missed"
            out.append(row(name, f"{target.most:.3g}", f"{ratio:.3g}", met))
    return [*out, ""]


def memory(made: dict[str, traces.Trace]) -> list[str]:
    """Peak memory of check, one job and the default, on every trace."""
    out = [row("peak memory, MiB (PSS)", "jobs 1", "default jobs", ""), row(*["---"] * 4)]
    for name, trace in made.items():
        peaks = [peak_memory(work) for work in ours(trace.path)[:2]]
        met = "met" if max(peaks) <= MEMORY else f"missed: at most {MEMORY // MEBIBYTE}"
        out.append(row(name, *(f"{peak / MEBIBYTE:.0f}" for peak in peaks), met))
    return [*out, ""]


def growth(trace: traces.Trace, rounds: int) -> list[str]:
    """Seconds and memory on a tenth of a trace, the trace, and ten of it."""
    tenth = sum(1 for _ in trace.path.open("rb")) // 10
    out = [row("growth", "MB", "median s", "s per 100 MB", "MiB"), row(*["---"] * 5)]
    for path in (traces.head(trace, tenth), trace.path, traces.grown(trace, 10)):
        work = Work(path.name, [*OURS, str(path)])
        timing = interleaved([work], rounds)[path.name]
        size = path.stat().st_size / 1e6
        used = peak_memory(work, every=0.1) / MEBIBYTE
        cells = (
            f"{size:.0f}",
            f"{timing.median:.2f}",
            f"{timing.median / size * 100:.2f}",
            f"{used:.0f}",
        )
        out.append(row(path.name, *cells))
    return [*out, ""]


def machine() -> str:
    """What the figures were measured on: never a host name."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    now = datetime.date.today().isoformat()
    return (
        f"{now}, {os.cpu_count()} cores ({model}), Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def measure(arguments: argparse.Namespace) -> list[str]:
    """Makes or finds the traces, runs everything, and gives the lines of the report."""
    directory = arguments.dir or traces.cache_directory()
    made = traces.make(directory, arguments.scale)
    for trace in made.values():
        for jobs in {(), one_job()}:
            right(trace, *jobs)

    out = [f"Measured on {machine()}; {arguments.rounds} rounds after a warm-up.", ""]
    runs: dict[str, dict[str, Timing]] = {}
    for name, trace in made.items():
        works = [*yardsticks.text_tools(trace.path), *ours(trace.path)]
        runs[name] = interleaved(works, arguments.rounds)
        out += table(f"{name}, {trace.path.stat().st_size / 1e6:.0f} MB", runs[name], "gawk join")
    thousand = traces.head(made["mixed-yy"], 1000)
    runs["start-up"] = interleaved(start_up(thousand), arguments.rounds)
    out += table("start-up", runs["start-up"], "import typer, lark")
    slice_ = traces.head(made["mixed-yy"], 20_000)
    runs["every line"] = interleaved(every_line(slice_), 1 if arguments.quick else 3)
    out += table("every line of 20,000", runs["every line"], "plain Lark")
    if not arguments.quick and (python := yardsticks.other_environment(directory)):
        part = traces.head(made["mixed"], 20_000)
        works = [*yardsticks.other_parsers(python, part), *ours(part)[:1]]
        out += table("20,000 lines of mixed", interleaved(works, 3), "jobs 1")
    out += memory(made)
    if arguments.growth:
        out += growth(made["mixed-yy"], 3)
    return out + verdicts(runs)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, help="where the traces are kept")
    parser.add_argument("--scale", type=int, default=2, help="2 is 240 MB for the largest trace")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="without the other parsers")
    parser.add_argument("--growth", action="store_true", help="also a tenth and ten times the size")
    parser.add_argument("--markdown", type=Path, help="write the tables here as well")
    arguments = parser.parse_args(argv)
    lines = measure(arguments)
    print("\n".join(lines))
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
