"""docs/architecture.md: the functions that a line passes exist, and are first called in this order when a
real trace is analysed and its report is written; the files that the page names are there."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import FrameType

import strace_analyzer as sa
from strace_analyzer.cli import main

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(sa.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
LINES = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


def documented() -> list[str]:
    """The functions of the table, in its order."""
    return re.findall(r"^\| \d+ \| `([\w.]+)` \|", PAGE, re.M)


def called(trace: Path) -> list[str]:
    """The functions of the package that `check` calls, by their first call."""
    found: dict[str, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            module = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
            found.setdefault(f"{module}.{frame.f_code.co_qualname}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        main(["check", "--jobs", "1", str(trace)])
    finally:
        sys.setprofile(before)
    return list(found)


def test_the_way_of_a_line_is_as_documented(tmp_path: Path, capsys: object) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text(LINES)
    passed = called(trace)
    assert [name for name in documented() if name not in passed] == []
    assert documented() == sorted(documented(), key=passed.index)
    assert len(documented()) > 20


def test_the_lines_that_are_followed_end_in_a_finding() -> None:
    analysis = sa.analyze(io.BytesIO(LINES.encode()))
    assert [finding.rule for finding in analysis.findings] == ["bind-any-port-zero"]


def test_the_files_that_the_page_names_are_there() -> None:
    named = re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", PAGE)
    missing = [
        name for name in named if not (PACKAGE / name).exists() and not (ROOT / name).exists()
    ]
    assert missing == []
    assert len(named) > 20
