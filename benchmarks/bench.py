"""Time strace-analyzer and its yardsticks on the same traces, and print the table of the docs.

    python benchmarks/bench.py [--only PART]... [--growth] [--rounds N] [--scale N] [--dir DIR]
    [--docs]

Parts: mixed-yy, mixed, network (one trace each), start-up, frames, every-line, others (other
parsers of strace output), memory; growth only on request. Every command is run once to warm up,
followed by rounds in which each runs once, so that a disturbance of the machine affects all alike.
A ratio is our time divided by the yardstick's in the same run: of medians or, where stated, of the
least processor times. Memory is measured in a separate run, as the proportional set size (PSS)
summed over our processes. Results are checked: the findings of bind-any-port-zero must be exactly
the sockets that the workload says it bound early. A command that fails is shown as failed; the
others continue.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import traces
import yardsticks
from measure import FailedError, Timing, Work, interleaved, output, peak_memory

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
OURS = [sys.executable, "-m", "strace_analyzer", "check", "--format", "json", "--quiet"]
ONE_JOB = ("--jobs", "1")
WITHOUT_HYPERSCAN = (
    "import sys; sys.modules['hyperscan'] = None; "
    "from strace_analyzer.cli import main; sys.exit(main())"
)
MEBIBYTE = 1 << 20
SLICE = 20_000
"""lines, for tools that would take minutes for a whole trace"""


class Target(NamedTuple):
    """A promise: the ratio of `ours` to `yardstick` in `part` is at most `most`, by median wall
    time or by least processor time (which is less disturbed by other load)."""

    part: str
    ours: str
    yardstick: str
    most: float
    by_processor: bool = False

    def ratio(self, us: Timing, them: Timing) -> float:
        """Return the ratio of `us` to `them`."""
        if self.by_processor:
            return min(us.processor) / min(them.processor)
        return us.median / them.median


TARGETS = [
    Target("network", "jobs 1", "careful.py", 3.0, by_processor=True),
    Target("mixed-yy", "jobs 1", "careful.py", 0.26, by_processor=True),
    Target("mixed", "jobs 1", "careful.py", 0.40, by_processor=True),
    Target("mixed-yy", "jobs 1", "gawk join", 2.5),
    Target("mixed-yy", "default jobs", "gawk join", 2.0),
    Target("start-up", "check, 1,000 lines", "import typer, lark", 4.0, by_processor=True),
]
FRAMES = 25
"""most Python frames per line, for the first lines of network"""
TIMES_PLAIN = 20
"""least rate of sa.parse, as a multiple of plain Lark's"""
MEMORY = 80 * MEBIBYTE
EVEN = 1.15
"""most time per line in ten times the trace, relative to the trace itself"""

Report = list[str]
"""Lines of markdown."""


def ours(trace: Path) -> list[Work]:
    """Return our three ways to do the same work."""
    plain = [sys.executable, "-c", WITHOUT_HYPERSCAN, *OURS[3:]]
    return [
        Work("jobs 1", [*OURS, *ONE_JOB, str(trace)]),
        Work("default jobs", [*OURS, str(trace)]),
        Work("without Hyperscan", [*plain, *ONE_JOB, str(trace)]),
    ]


def right(trace: traces.Trace, *options: str) -> None:
    """Raise FailedError if the report does not match what the workload did. What the report says it
    cannot know counts as reported: a trace of network calls alone does not show who created which
    thread."""
    work = Work(f"{trace.path.name} {' '.join(options)}", [*OURS, *options, str(trace.path)])
    report = json.loads(output(work))
    found = sum(finding["rule"] == "bind-any-port-zero" for finding in report["findings"])
    told = sum(one["count"] for one in report["unknown"] if one["code"] == "older-socket")
    if not found <= trace.early_binds <= found + told:
        raise FailedError(
            f"{work.name}: {found} early binds and {told} unknown, truth {trace.early_binds}"
        )


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def table(title: str, timings: dict[str, Timing], base: str) -> Report:
    """Return a markdown table of one run; ratios are relative to the command named base, if it
    ran."""
    against = timings[base].median if timings.get(base, Timing([], [])).wall else None
    out = [row(title, "median s", "least s", "processor s", f"ratio to {base}"), row(*["---"] * 5)]
    for name, timing in timings.items():
        if not timing.wall:
            out.append(row(name, "failed", "-", "-", "-"))
            continue
        ratio = f"{timing.median / against:.2f}" if against else "-"
        spent = statistics.median(timing.processor)
        out.append(row(name, f"{timing.median:.3f}", f"{timing.least:.3f}", f"{spent:.3f}", ratio))
    return [*out, ""]


class Bench:
    """One run: the traces, the number of rounds, and the verdicts so far."""

    def __init__(self, directory: Path, scale: int, rounds: int) -> None:
        self.directory = directory
        self.rounds = rounds
        self.made = traces.make(directory, scale)
        self.verdicts: Report = []

    def judge(self, name: str, most: str, measured: str, is_met: bool) -> None:
        self.verdicts.append(row(name, most, measured, verdict(is_met)))

    def _compared(self, part: str, timings: dict[str, Timing]) -> None:
        for target in TARGETS:
            if target.part != part:
                continue
            what = "processor time" if target.by_processor else "wall time"
            name = f"{part}: {target.ours} to {target.yardstick}, {what}"
            us, them = timings.get(target.ours), timings.get(target.yardstick)
            if us is None or them is None or not us.wall or not them.wall:
                self.judge(name, f"{target.most} x", "failed", False)
                continue
            ratio = target.ratio(us, them)
            self.judge(name, f"{target.most} x", f"{ratio:.2f} x", ratio <= target.most)

    def trace(self, name: str) -> Report:
        """Compare us with the available tools on a whole trace."""
        trace = self.made[name]
        for options in ((), ONE_JOB):
            right(trace, *options)
        works = [*yardsticks.text_tools(trace.path), *ours(trace.path)]
        timings = interleaved(works, self.rounds)
        self._compared(name, timings)
        return table(f"{name}, {trace.path.stat().st_size / 1e6:.0f} MB", timings, "gawk join")

    def start_up(self) -> Report:
        """Measure the text report on a thousand lines."""
        trace = str(traces.head(self.made["mixed-yy"], 1000))
        check = [sys.executable, "-m", "strace_analyzer", "check"]
        works = [
            Work("import typer, lark", [sys.executable, "-c", "import typer, lark"]),
            Work("check, 1,000 lines", [*check, trace]),
            Work("with an option", [*check, "--quiet", trace]),
        ]
        timings = interleaved(works, 3 * self.rounds)
        self._compared("start-up", timings)
        return table("start-up", timings, works[0].name)

    def every_line(self) -> Report:
        """Measure events of every line, and the trees of plain Lark."""
        trace = str(self.made["mixed-yy"].path)
        parse = [sys.executable, str(HERE / "parse_all.py")]
        works = [
            Work("sa.parse", [*parse, trace, str(10 * SLICE)]),
            Work("plain Lark", [*parse, "--plain", trace, str(SLICE)]),
        ]
        rates: dict[str, list[int]] = {work.name: [] for work in works}
        for _ in range(self.rounds):
            for work in works:
                rates[work.name].append(int(output(work)))
        us, lark = (statistics.median(rates[work.name]) for work in works)
        times = us / lark
        self.judge(
            "sa.parse to plain Lark",
            f"at least {TIMES_PLAIN} x",
            f"{times:.1f} x",
            times >= TIMES_PLAIN,
        )
        out = [row("every line to events", "lines/s, median", "most"), row(*["---"] * 3)]
        for name, found in rates.items():
            out.append(row(name, f"{statistics.median(found):,.0f}", f"{max(found):,}"))
        return [*out, ""]

    def frames(self) -> Report:
        """Count Python frames per line."""
        count = [sys.executable, str(HERE / "frames.py"), str(self.made["network"].path)]
        said = output(Work("frames.py", count))
        each = float(said.partition(" ")[0])
        self.judge("network: Python frames a line", f"{FRAMES}", f"{each:.1f}", each <= FRAMES)
        return ["```text", *said.splitlines()[:30], "```", ""]

    def others(self) -> Report:
        """Measure other parsers of strace output, on a slice."""
        python = yardsticks.other_environment(self.directory)
        if python is None:
            return ["The other parsers could not be installed.", ""]
        part = traces.head(self.made["mixed"], SLICE)
        works = [*yardsticks.other_parsers(python, part), *ours(part)[:1]]
        return table(f"{SLICE:,} lines of mixed", interleaved(works, 3), "jobs 1")

    def memory(self) -> Report:
        """Measure the peak memory of check on every trace, with one job and with the default."""
        out = [row("peak memory, MiB (PSS)", "jobs 1", "default jobs"), row(*["---"] * 3)]
        for name, trace in self.made.items():
            peaks = [peak_memory(work) / MEBIBYTE for work in ours(trace.path)[:2]]
            out.append(row(name, *(f"{peak:.0f}" for peak in peaks)))
            self._bounded(name, max(peaks))
        return [*out, ""]

    def _bounded(self, name: str, peak: float) -> None:
        most = MEMORY / MEBIBYTE
        self.judge(f"{name}: peak memory", f"{most:.0f} MiB", f"{peak:.0f} MiB", peak <= most)

    def growth(self) -> Report:
        """Measure seconds and memory for a tenth of a trace, the trace, and ten times the trace."""
        whole = self.made["mixed-yy"]
        lines = sum(1 for _ in whole.path.open("rb"))
        tenfold = traces.grown(whole, 10)
        right(tenfold)
        out = [row("growth", "MB", "median s", "s per 100 MB", "MiB"), row(*["---"] * 5)]
        each: list[float] = []
        for path in (traces.head(whole, lines // 10), whole.path, tenfold.path):
            work = Work(path.name, [*OURS, *ONE_JOB, str(path)])
            timing = interleaved([work], 3)[path.name]
            if not timing.wall:
                raise FailedError(work.name)
            size = path.stat().st_size / 1e6
            used = peak_memory(work, every=0.1) / MEBIBYTE
            each.append(timing.median / size)
            cells = (f"{size:.0f}", f"{timing.median:.2f}", f"{100 * each[-1]:.2f}", f"{used:.0f}")
            out.append(row(path.name, *cells))
            self._bounded(path.name, used)
        more = each[2] / each[1]
        self.judge("time for a line, tenfold to once", f"{EVEN} x", f"{more:.2f} x", more <= EVEN)
        return [*out, ""]

    def parts(self) -> dict[str, Callable[[], Report]]:
        """Return the parts that can be run, in order."""
        whole = {name: (lambda name=name: self.trace(name)) for name in traces.KINDS}
        return {
            **whole,
            "start-up": self.start_up,
            "frames": self.frames,
            "every-line": self.every_line,
            "others": self.others,
            "memory": self.memory,
            "growth": self.growth,
        }


PARTS = (*traces.KINDS, "start-up", "frames", "every-line", "others", "memory", "growth")


def machine() -> str:
    """Describe the machine of the measurements, without its host name."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    now = datetime.date.today().isoformat()
    version = output(Work("--version", [*OURS[:3], "--version"])).strip()
    return (
        f"{now}, {os.cpu_count()} cores ({model}), Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, {version}"
    )


def measure(arguments: argparse.Namespace) -> Report:
    """Make or find the traces, run the requested parts, and return the report."""
    directory = (arguments.dir or traces.cache_directory()).resolve()
    bench = Bench(directory, arguments.scale, arguments.rounds)
    wanted = arguments.only or [part for part in PARTS if part != "growth" or arguments.growth]
    out: Report = []
    for name, part in bench.parts().items():
        if name in wanted:
            print(f"{datetime.datetime.now():%H:%M:%S} {name}", file=sys.stderr)
            try:
                out += part()
            except FailedError as error:
                out += [f"{name} failed: {error}", ""]
                bench.judge(name, "-", "failed", False)
    typed = [word for part in arguments.only or () for word in ("--only", part)]
    typed += ["--growth"] * arguments.growth
    options = f" BENCH_ARGS='{' '.join(typed)}'" if typed else ""
    return [
        f"`make bench{options}`: {machine()}; {arguments.rounds} rounds after a warm-up.",
        "",
        row("target", "at most", "measured", ""),
        row(*["---"] * 4),
        *bench.verdicts,
        "",
        *out,
    ]


def write_section(heading: str, lines: Report) -> None:
    """Replace what is below a heading of docs/benchmarks.md by `lines`."""
    text = PAGE.read_text()
    before, _, after = text.partition(f"\n## {heading}\n")
    _, following, rest = after.partition("\n## ")
    body = "\n".join(lines).rstrip("\n")
    PAGE.write_text(f"{before.rstrip()}\n\n## {heading}\n\n{body}\n{following}{rest}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; repeatable")
    parser.add_argument("--growth", action="store_true", help="also a tenth and ten times the size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=2, help="2 is 240 MB for the largest trace")
    parser.add_argument("--dir", type=Path, help="where the traces are kept")
    parser.add_argument("--docs", action="store_true", help="write them into docs/benchmarks.md")
    arguments = parser.parse_args(argv)
    lines = measure(arguments)
    print("\n".join(lines))
    if arguments.docs:
        write_section("Measured", lines)


if __name__ == "__main__":
    main()
