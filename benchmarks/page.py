"""Measure the size of the HTML page of 10,000 sockets and how soon it is drawn, in Debian's
Chromium, headless, in a fresh browser window each time.

    python benchmarks/page.py [--sockets N] [--rounds N]

`ready` is when the page's script has ended, `drawn` two frames later; both count from the start of
navigation, including loading and parsing the file.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import strace_analyzer as sa
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.registry import report_format
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ("--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage")
DRAWN = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => done([Number(document.documentElement.dataset.ready), performance.now()]))))"""


def trace(sockets: int) -> bytes:
    """Return a trace of `sockets` consecutive early binds, by fifty processes to 1,400
    destinations."""
    lines = ['99 1699999999.000000 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0']
    lines += [
        f"99 1699999999.5 clone(child_stack=NULL, flags=SIGCHLD) = {100 + at}" for at in range(50)
    ]
    for at in range(sockets):
        pid, when = 100 + at % 50, 1_700_000_000 + at * 0.003
        peer = f'sin_port=htons({8000 + at % 7}), sin_addr=inet_addr("192.0.2.{at % 200 + 1}")'
        free = 'sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")'
        taken = f'sin_port=htons({32768 + at}), sin_addr=inet_addr("0.0.0.0")'
        calls = (
            "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"bind(3, {{sa_family=AF_INET, {free}}}, 16) = 0",
            f"getsockname(3, {{sa_family=AF_INET, {taken}}}, [16]) = 0",
            f"connect(3, {{sa_family=AF_INET, {peer}}}, 16) = 0",
            "close(3) = 0",
        )
        lines += [
            f"{pid} {when + i * 0.0004:.6f} {call} <0.000100>" for i, call in enumerate(calls)
        ]
    return "\n".join(lines).encode()


def page(sockets: int) -> str:
    """Return the HTML page of such a trace."""
    selected = Selected(sa.analyze(io.BytesIO(trace(sockets))))
    stream = io.StringIO()
    report_format("html").write(Report(selected, judge(selected, Gate()), Gate()), stream)
    return stream.getvalue()


def measured(file: Path, rounds: int) -> list[tuple[float, float]]:
    """Return milliseconds until ready and until drawn, for each round."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        found = []
        for _ in range(rounds):
            window = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
            window.set_default_timeout(120_000)
            window.goto(file.as_uri())
            window.wait_for_selector("html[data-ready]")
            ready, drawn = window.evaluate(DRAWN)
            found.append((ready, drawn))
            window.context.close()
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        file.write_text(page(asked.sockets), encoding="utf-8")
        print(f"{asked.sockets:,} sockets: {file.stat().st_size / 1e6:.2f} MB")
        found = measured(file, asked.rounds)
    for at, name in enumerate(("ready", "drawn")):
        times = sorted(round_[at] for round_ in found)
        middle = statistics.median(times)
        print(f"{name}: least {times[0]:.0f} ms, median {middle:.0f} ms of {asked.rounds}")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
