"""A real run -> its picture for the README, as SVG, printed: `make cast` writes docs/report.svg.

Nothing is loaded from elsewhere: the font is whichever monospaced one the reader has.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import NIGHT_OWLISH
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = "samples/erlang23-inets-httpc-40req-yy-tt-T.strace"
WIDTH = 100
FONT = re.compile(r"@font-face \{.*?\}\s*", re.S)


def run() -> str:
    """What a terminal shows of the run, colours included."""
    environment = {
        **os.environ,
        "FORCE_COLOR": "1",
        "COLUMNS": str(WIDTH),
        "TERM": "xterm-256color",
    }
    environment.pop("NO_COLOR", None)
    words = [sys.executable, "-m", "strace_analyzer", SAMPLE]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stdout


def picture(printed: str) -> str:
    """The same as SVG."""
    console = Console(record=True, width=WIDTH + 6, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ strace-analyzer {SAMPLE}\n{printed}"))
    made = console.export_svg(
        title="strace-analyzer", theme=NIGHT_OWLISH, unique_id="report", font_aspect_ratio=0.61
    )
    return FONT.sub("", made).replace("Fira Code", "ui-monospace")


if __name__ == "__main__":
    print(picture(run()))
