"""`events` and the tables on the command line: filters, formats, files, one bad trace among good
ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.running import CURL, ERLANG

from strace_analyzer.cli import main

TRACE = """\
10 14:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3 <0.000010>
10 14:00:01.000000 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 ECONNREFUSED (Connection refused) <0.020000>
11 14:00:02.000000 openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory) <0.000020>
11 14:00:03.000000 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 4 <0.000300>
10 14:00:04.000000 close(3) = 0 <0.000005>
11 14:00:05.000000 +++ exited with 0 +++
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace"
    path.write_text(TRACE)
    return path


Said = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(capsys: pytest.CaptureFixture[str]) -> Said:
    """The rows that `events` prints, without headers."""

    def said(*words: str | Path, status: int = 0) -> list[dict[str, Any]]:
        assert main(["events", *map(str, words)]) == status
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line for line in lines if line["type"] != "header"]

    return said


FILTERS = {
    (): [1, 2, 3, 4, 5, 6],
    ("--syscall", "openat,close"): [3, 4, 5],
    ("--syscall", "openat", "--syscall", "close"): [3, 4, 5],
    ("--pid", "11"): [3, 4, 6],
    ("--failed",): [2, 3],
    ("--errno", "ENOENT"): [3],
    ("--errno", "ENOENT,ECONNREFUSED"): [2, 3],
    ("--since", "14:00:03"): [4, 5, 6],
    ("--until", "+2.5"): [1, 2, 3],
    ("--until", "+2.5s"): [1, 2, 3],
    ("--until", "+2.5 s"): [1, 2, 3],
    ("--until", "+2500ms"): [1, 2, 3],
    ("--since", "+1", "--until", "14:00:03"): [2, 3, 4],
    ("--slower-than", "250us"): [2, 4],
    ("--slower-than", "20ms", "--failed"): [],
    ("--failed", "--pid", "10"): [2],
}


@pytest.mark.parametrize("options", FILTERS, ids=" ".join)
def test_filters_take_what_they_say(options: tuple[str, ...], trace: Path, rows: Said) -> None:
    lines = FILTERS[options]
    found = rows(trace, *options, status=0 if lines else 2)
    assert [row["line"] for row in found] == lines


NOTHING = {
    ("--syscall", "opennat"): "no opennat() in it; did you mean 'openat'?",
    ("--pid", "12"): "its threads: 10 and 11",
    ("--errno", "EPERM"): "its errors: ECONNREFUSED and ENOENT",
    ("--slower-than", "1s"): "its longest call took 20.0 ms",
    ("--slower-than", "20ms", "--failed"): "its longest call took 20.0 ms",
    ("--syscall", "close", "--failed"): "none meets all of the conditions at once",
    ("--slower-than", "1ms", "--syscall", "openat"): "none meets all of the conditions at once",
    ("--since", "15:00:00"): "between --since and --until: it runs from 14:00:",
    ("--until", "13:00:00"): "between --since and --until: it runs from 14:00:",
    ("--since", "+99"): "between --since and --until: it runs from 14:00:",
    ("--since", "14:00:03", "--until", "14:00:01"): "nothing is between --since and --until",
    ("--since", "14:00:03", "--syscall", "socket"): "none meets all of the conditions at once",
}


@pytest.mark.parametrize("options", NOTHING, ids=" ".join)
def test_a_filter_that_takes_nothing_says_what_there_is(
    options: tuple[str, ...], trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", str(trace), *options]) == 2
    assert NOTHING[options] in capsys.readouterr().err


LONGER_THAN_IS_HELD = 1_050


@pytest.mark.parametrize("lines", [30, LONGER_THAN_IS_HELD])
def test_text_that_is_not_strace_s_has_no_rows(
    lines: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes"
    path.write_text("root:x:0:0:root:/root:/bin/bash\n" * lines)
    assert main(["events", str(path)]) == 2
    said = capsys.readouterr()
    assert [line for line in said.out.splitlines() if "root:x" in line] == []
    assert "not the output of strace" in said.err


@pytest.mark.parametrize("lines", [30, LONGER_THAN_IS_HELD])
def test_what_a_program_wrote_before_its_first_call_has_its_rows(
    lines: int, tmp_path: Path, rows: Said
) -> None:
    path = tmp_path / "trace"
    path.write_text("root:x:0:0:root:/root:/bin/bash\n" * lines + TRACE)
    found = rows(path)
    assert [row["type"] for row in found] == [*["foreign"] * lines, *["syscall"] * 5, "exit"]
    assert [row["line"] for row in found] == list(range(1, lines + 7))


def test_a_file_is_whole_or_not_there(trace: Path, tmp_path: Path, rows: Said) -> None:
    out = tmp_path / "out.jsonl"
    assert rows(trace, "-o", out) == []
    assert len(out.read_text().splitlines()) == 7
    before = out.read_bytes()
    assert rows(trace, "-o", out, "--pid", "12", status=2) == []
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "trace"]


def test_one_bad_trace_costs_only_itself(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are exported whole, also to a file."""
    bad, out = tmp_path / "bad", tmp_path / "out.jsonl"
    assert main(["events", str(bad), str(trace), str(CURL), "-o", str(out)]) == 2
    assert f"{bad}: no such file or directory" in capsys.readouterr().err
    sources = [json.loads(line).get("source") for line in out.read_text().splitlines()]
    assert sources.count(str(trace)) == 6
    assert sources.count(str(CURL)) == len(CURL.read_text().splitlines())


@pytest.mark.parametrize("command", ["summary", "tree", "sockets"])
def test_so_it_does_of_a_table(
    command: str, trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    member = {"tree": "processes"}.get(command, command)
    main([command, "--format", "json", str(trace)])
    alone = json.loads(capsys.readouterr().out)[member]
    assert main([command, "--format", "json", str(tmp_path / "bad"), str(trace)]) == 2
    said = capsys.readouterr()
    assert len(json.loads(said.out)[member]) == len(alone) > 0
    assert "bad: no such file or directory" in said.err


def test_sockets_are_the_same_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    duckdb = pytest.importorskip("duckdb")
    assert main(["sockets", "--format", "jsonl", str(ERLANG)]) == 0
    header, *lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert (header["type"], header["table"]) == ("header", "sockets")
    assert len(lines) == 42
    parquet = tmp_path / "sockets.parquet"
    assert main(["sockets", "--format", "parquet", "-o", str(parquet), str(ERLANG)]) == 0
    table = duckdb.sql(f"SELECT * FROM '{parquet}'")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
    assert rows == lines
    numbers = dict(zip(table.columns, map(str, table.types), strict=True))
    assert numbers["peer_port"] == numbers["bytes_received"] == "BIGINT"
    assert numbers["connect_seconds"] == "DOUBLE"
