"""A traced program chooses its own name. In no format may it do anything: move a cursor, turn text
round, become markup, a link, a formula or a command of CI."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from subprocess import PIPE
from typing import get_args
from unicodedata import category
from xml.etree import ElementTree as ET

import pytest
from fleet.many import merged
from fleet.many import written as merged_written
from pyarrow import parquet
from report.written import written

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.plain import printable, safe
from strace_analyzer.report.formats.format import Table
from strace_analyzer.report.formats.names import EventsName, TreeName
from strace_analyzer.report.formats.registry import (
    merged_formats,
    report_formats,
    table_format,
    table_formats,
)
from strace_analyzer.report.gate import Gate
from strace_analyzer.report.merged.of_trace import digest
from strace_analyzer.report.rows import SOCKETS, socket_row
from strace_analyzer.report.selection import Selection

NAMES = {
    "terminal": "\x1b]0;owned\x07\x1b[2J",
    "bidi": "gnp.\u202eexe\u2066",
    "c1": "\u009b31m",
    "lines": "a\r\nb\n::error::c",
    "markup": "<img src=x onerror=alert(1)>&amp;]]>",
    "script": "</script><script>alert(1)<\\script>",
    "formula": "=HYPERLINK(1)|'cmd'!A0",
    "workflow": "::add-mask::%0A::error::x",
    "markdown": "``` | **b** @octocat www.evil [x](ftp:x) <details>",
    "template": "{{ 7*7 }}{% raw %}",
    "bytes": "\udcff\udcfe",
    "unseen": "a\U000e0041\U000e007fb\ufe0f\U000e0100c\u00ad\u034f\u061c\u180e\u3164\uffa0\u2800",
    "private": "a\ue000\U000f0000\U0010fffd\ufffe\u0378\ufdd0\u2028\u2029\u0085b",
}
_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""categories of what has no glyph (Unicode Standard Annex 44)"""
_BLANK = "\u034f\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_RUNS = [
    [chr(code) for code in run]
    for hidden, run in groupby(range(0x110000), lambda code: category(chr(code)) in _HIDDEN)
    if hidden
]
_UNSAFE = re.compile(f"(?!\n)[{''.join(f'{run[0]}-{run[-1]}' for run in _RUNS)}{_BLANK}]")


def trace(name: str) -> bytes:
    """An early bind of a program of this name, printed as strace prints names."""
    raw = name.encode("utf-8", "surrogateescape")
    shown = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in raw
    )
    return f"""\
7 execve("/tmp/{shown}", ["{shown}", "{shown}"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0
7 connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}}, 16) = 0
7 close(3) = 0
""".encode()


@cache
def analyzed(kind: str) -> sa.Analysis:
    return sa.analyze(io.BytesIO(trace(NAMES[kind])))


@pytest.mark.parametrize("kind", NAMES)
def test_the_program_has_the_name(kind: str) -> None:
    """Else the tests below would prove nothing."""
    (process,) = analyzed(kind).processes
    assert process.command == NAMES[kind].rpartition("/")[2]


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("format", report_formats())
def test_nothing_that_a_terminal_obeys_comes_out(format: str, kind: str) -> None:
    report = written(format, analyzed(kind), everything=True)
    assert "192.0.2.7" in report
    assert _UNSAFE.findall(report) == []


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("format", [form for form in merged_formats() if form != "parquet"])
def test_nor_of_a_report_of_many_traces(format: str, kind: str) -> None:
    """Its hosts and traces have such names, too."""
    name = NAMES[kind]
    one = digest(analyzed(kind), Selection(), Gate(), f"/logs/{name}.strace")
    report = merged_written(merged([(1, name, one)]), format)
    assert "192.0.2.7" in report
    assert _UNSAFE.findall(report) == []


COMMANDS = [
    *((command, form) for command in ("sockets", "ports", "summary") for form in table_formats()),
    *(("tree", form) for form in get_args(TreeName)),
    *(("events", form) for form in get_args(EventsName)),
    *(("check", form) for form in report_formats()),
]


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(("command", "format"), [c for c in COMMANDS if c[1] != "parquet"])
def test_nor_of_any_command_whose_trace_has_such_a_name(
    command: str, format: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / NAMES[kind].replace("/", "_")
    path.write_bytes(trace(NAMES[kind]))
    assert main([command, "--format", format, str(path)]) in (0, 1)
    said = capsys.readouterr()
    assert said.out
    assert _UNSAFE.findall(said.out + said.err) == []
    assert main([command, "--format", format, str(path) + ".gone"]) == 2
    said = capsys.readouterr()
    assert _UNSAFE.findall(said.err) == []
    assert [line for line in said.err.splitlines() if line.startswith("::")] == []


def cells(value: object) -> Iterator[str]:
    """Every text in what a Parquet file holds, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from cells([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from cells(one)


def assert_cells_are_sound(file: Path, name: str) -> None:
    """Data is not shown by us: as in JSON the name is what it is, but for bytes that are no UTF-8."""
    rows = parquet.read_table(file).to_pylist()
    texts = list(cells(rows))
    assert any(printable(name) in text for text in texts)
    for text in texts:
        text.encode()


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    "words",
    [["sockets"], ["events"], ["summary", "--by", "process"], ["check", "--merged"]],
    ids=" ".join,
)
def test_a_cell_of_parquet_is_the_text_itself(words: list[str], kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{NAMES[kind].replace('/', '_')}.strace"
    path.write_bytes(trace(NAMES[kind]))
    made = tmp_path / "made"
    assert main([*words, "--format", "parquet", "-o", str(made), str(path)]) in (0, 1)
    assert_cells_are_sound(made, NAMES[kind].rpartition("/")[2])


_LISTENS = """
import socket, sys
open("/proc/self/comm", "wb").write(sys.stdin.buffer.readline()[:-1])
with socket.create_server(("127.0.0.1", 0)) as server:
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.live
@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("format", [*table_formats()])
def test_nor_does_who_holds_the_ports_now(
    format: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel keeps 15 bytes of the name, whatever they are (proc_pid_comm(5))."""
    name = NAMES[kind].replace("\n", "").encode("utf-8", "surrogateescape")[:15]
    made = tmp_path / "made"
    with subprocess.Popen([sys.executable, "-c", _LISTENS], stdin=PIPE, stdout=PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(name + b"\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"ready\n"
        status = main(["holders", "--all", "--format", format, "-o", str(made)])
        assert Path(f"/proc/{holder.pid}/comm").read_bytes() == name + b"\n"
        holder.stdin.close()
    assert status == 0
    assert capsys.readouterr() == ("", "")
    if format == "parquet":
        assert_cells_are_sound(made, name.decode("utf-8", "surrogateescape"))
        assert any(str(holder.pid) in text for text in cells(parquet.read_table(made).to_pylist()))
        return
    report = made.read_text()
    assert str(holder.pid) in report
    assert _UNSAFE.findall(report) == []
    if format == "csv":
        rows = csv.DictReader(io.StringIO(report))
        assert not [row for row in rows if row["command"].startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("command", ["sockets", "ports", "summary", "events"])
def test_no_cell_of_a_spreadsheet_is_a_formula(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{NAMES[kind].replace('/', '_')}.strace"
    path.write_bytes(trace(NAMES[kind]))
    assert main([command, "--format", "csv", str(path)]) in (0, 1)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) > 1
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t"))] == []


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("format", ["text", "html", "json", "markdown"])
def test_nor_of_a_comparison(
    format: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = (tmp_path / f"{n}{NAMES[kind].replace('/', '_')}" for n in "ab")
    before.write_bytes(trace(NAMES[kind]))
    after.write_bytes(trace(NAMES[kind]).replace(b"htons(80)", b"htons(81)"))
    assert main(["compare", "--format", format, str(before), str(after)]) in (0, 1)
    said = capsys.readouterr()
    assert said.out
    assert _UNSAFE.findall(said.out + said.err) == []


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("merged", [[], ["--merged"]], ids=["apart", "merged"])
def test_names_of_several_that_are_gone_have_a_line_each(
    merged: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [str(tmp_path / f"{name}{NAMES[kind]}".replace("/", "_")) for name in "ab"]
    assert main(["check", *merged, *gone]) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len({line.removeprefix("strace-analyzer: ") for line in lines}) == 2
    assert [line for line in lines if line.startswith("::")] == []
    assert _UNSAFE.findall(said.out + said.err) == []


@pytest.mark.parametrize("kind", NAMES)
def test_xml_and_json_stay_whole(kind: str) -> None:
    name = safe(NAMES[kind].rpartition("/")[2])
    made = analyzed(kind)
    failed = ET.fromstring(written("junit", made)).findall(".//testcase/system-out")
    assert name in "".join(item.text or "" for item in failed)
    assert name in json.loads(written("sarif", made))["runs"][0]["results"][0]["message"]["text"]
    events = json.loads(written("trace-events", made))["traceEvents"]
    assert f"{name} (pid 7)" in [event["args"].get("name") for event in events]


@pytest.mark.parametrize("kind", NAMES)
def test_every_line_for_github_is_a_command_of_ours(kind: str) -> None:
    lines = written("github", analyzed(kind)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "::notice",
        "::notice",
        "strace-analyzer:",
    ]
    assert all("%0A::" not in line.replace("%25", "") for line in lines)


@pytest.mark.parametrize("kind", NAMES)
def test_markdown_has_no_markup_but_ours(kind: str) -> None:
    text = re.sub(
        r"^(`{3,})text\n.*?\n\1$", "", written("markdown", analyzed(kind)), flags=re.S | re.M
    )
    text = (
        text.replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "")
    )
    assert (
        re.findall(r"(?<!\\)[<`]\w|@\w|://|(?<!\\)\]\(", text.replace("`bind-any-port-zero`", ""))
        == []
    )


@pytest.mark.parametrize("kind", NAMES)
def test_a_spreadsheet_gets_values(kind: str) -> None:
    lives = list(analyzed(kind).sockets)
    stream = io.StringIO()
    table = Table("sockets", SOCKETS, lambda: map(socket_row, lives), list, lambda _: None)
    table_format("csv").write(table, stream)
    assert _UNSAFE.findall(stream.getvalue()) == []
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert not row["command"].startswith(("=", "+", "-", "@"))
