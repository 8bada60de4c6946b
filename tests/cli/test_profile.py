"""`check --profile`: the rooms it names are those of the code."""

from __future__ import annotations

from pathlib import Path

from cli.running import ERLANG, run

import strace_analyzer
from strace_analyzer.cli.profile import room_of

PACKAGE = Path(strace_analyzer.__file__).parent
SHARED = {"__init__", "grades", "literals", "memo", "patterns"}
"""files of trace/decode that work for more than one room"""
ROOMS = ["read", "sieve", "frames", "calls", "tracker", "rules", "report", "start-up", "all"]


def test_each_file_that_reads_belongs_to_a_room() -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    without = {file for file in files if room_of(file) is None}
    decoding = {Path(file).stem for file in without if file.startswith("trace/decode/")}
    reading = {file for file in without if file.startswith(("trace/input/", "trace/prefilter/"))}
    judging = {file for file in without if file.startswith(("kernel/", "rules/", "ports/"))}
    assert (decoding, reading, judging) == (SHARED, set(), set())


def test_what_a_file_belongs_to() -> None:
    asked = ["trace/reader.py", "trace/decode/frames.py", "trace/decode/calls.py"]
    assert [room_of(file) for file in asked] == ["frames", "frames", "calls"]
    assert room_of("trace/learned/tables.py") is None


def test_the_table_has_every_room() -> None:
    done = run("check", "--profile", ERLANG)
    head, *rows = done.stderr.splitlines()
    assert head == "strace-analyzer: processor seconds by room"
    assert [row.split()[0] for row in rows] == ROOMS
