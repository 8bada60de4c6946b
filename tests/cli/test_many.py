"""`check` of many traces: one screen, one report in every form, lists of names, hosts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from cli.running import CURL, ERLANG, SAMPLES

from strace_analyzer.cli import main

MANY = sorted(SAMPLES.glob("*.strace"))

PROSE = "but prose (give the trace in it alone)"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Traces of two hosts in a directory."""
    for at, path in enumerate(MANY):
        host = tmp_path / "logs" / f"web{at % 2}"
        host.mkdir(parents=True, exist_ok=True)
        (host / path.name).symlink_to(path)
    return tmp_path / "logs"


Captured = pytest.CaptureFixture[str]


def report(capsys: Captured, *words: str | Path, status: int = 1) -> dict[str, Any]:
    assert main(["check", "--format", "json", "--jobs", "1", *map(str, words)]) == status
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    return made


def test_many_traces_are_one_screen(logs: Path, capsys: Captured) -> None:
    assert main(["check", "--jobs", "1", str(logs)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("error: 1 error, ")
    assert f"of {len(MANY)} traces of 2 hosts\n" in said
    assert said.count("strace -fyyttT") == 1  # how to take them again, once
    assert len(said.splitlines()) <= 60


def test_few_are_told_one_by_one_unless_it_is_asked_for(capsys: Captured) -> None:
    assert main(["check", str(CURL), str(ERLANG)]) == 1
    assert "By program" not in capsys.readouterr().out
    assert main(["check", "--merged", "--jobs", "1", str(CURL), str(ERLANG)]) == 1
    assert "By program" in capsys.readouterr().out


def test_the_json_report_of_many_is_merged_only_if_asked_for(logs: Path, capsys: Captured) -> None:
    assert "findings" in report(capsys, logs)
    merged = report(capsys, "--merged", logs)
    assert merged["merged"] is True
    assert {host["host"] for host in merged["hosts"]} == {"web0", "web1"}


def test_hosts_by_label(logs: Path, capsys: Captured) -> None:
    made = report(capsys, "--label", r"logs/web(\d)", logs)
    assert {host["host"] for host in made["hosts"]} == {"0", "1"}
    assert main(["check", "--label", "{host}", str(logs)]) == 2
    assert "--label {host}" in capsys.readouterr().err


def test_names_from_a_file_and_from_standard_input(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tmp_path / "names"
    names.write_text(f"{CURL}\n\n{ERLANG}\n")
    assert len(report(capsys, "--files-from", names)["traces"]) == 2
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{CURL}\0{ERLANG}\0".encode())))
    assert len(report(capsys, "--files-from", "-", "--merged")["traces"]) == 2
    names.write_text("\n")
    assert main(["check", "--files-from", str(names)]) == 2
    assert "no name in it" in capsys.readouterr().err


def test_one_that_cannot_be_read_costs_itself_only(logs: Path, capsys: Captured) -> None:
    (logs / "web0" / "prose").write_text("Dear all,\n\nthe trace is attached.\n")
    assert main(["check", "--merged", "--format", "json", "--jobs", "1", str(logs)]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["summary"]["not_read"] == 1
    assert said.err == (f"strace-analyzer: {logs}/web0/prose: not the output of strace, {PROSE}\n")


@pytest.mark.parametrize("words", [[], ["--merged"], ["--format", "json"]], ids=" ".join)
@pytest.mark.parametrize("with_a_trace", [False, True])
def test_a_directory_of_other_things_is_a_line_for_each_kind(
    words: list[str], with_a_trace: bool, tmp_path: Path, capsys: Captured
) -> None:
    for number in range(12):
        (tmp_path / f"note{number:02}.txt").write_text("Dear all,\n\nthe trace is attached.\n")
    (tmp_path / "map.txt").write_bytes(b"")
    if with_a_trace:
        (tmp_path / "z.strace").symlink_to(CURL)
    assert main(["check", "--jobs", "1", *words, str(tmp_path)]) == 2
    said = capsys.readouterr()
    names = ", ".join(f"{tmp_path}/note{number:02}.txt" for number in range(3))
    assert said.err.splitlines() == [
        f"strace-analyzer: 12 files: not the output of strace, {PROSE}: {names} and 9 more",
        f"strace-analyzer: 1 file: empty: {tmp_path}/map.txt",
    ]
    assert bool(said.out) is with_a_trace


@pytest.mark.parametrize("words", [[], ["--merged"], ["--format", "json"]], ids=" ".join)
def test_each_reason_is_said_once(words: list[str], tmp_path: Path, capsys: Captured) -> None:
    missing = [str(tmp_path / name) for name in ("a", "b")]
    assert main(["check", *words, *missing]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [f"strace-analyzer: {name}: no such file or directory" for name in missing]


def test_parquet_has_a_row_for_each_trace_and_cause(
    logs: Path, tmp_path: Path, capsys: Captured
) -> None:
    duckdb = pytest.importorskip("duckdb")
    causes = report(capsys, "--merged", logs)["causes"]
    out = tmp_path / "parts.parquet"
    assert main(["check", "--format", "parquet", "-o", str(out), "--jobs", "1", str(logs)]) == 1
    rows = duckdb.sql(
        f"SELECT rule, sum(findings) FROM '{out}' WHERE rule IS NOT NULL GROUP BY rule"
    )
    by_rule: dict[str, int] = {}
    for cause in causes:
        by_rule[cause["rule"]] = by_rule.get(cause["rule"], 0) + cause["findings"]
    assert dict(rows.fetchall()) == by_rule
    ((traces,),) = duckdb.sql(f"SELECT count(DISTINCT trace) FROM '{out}'").fetchall()
    assert traces == len(MANY)


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_what_traced_programs_say_does_nothing(form: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "<b>x`|.strace"
    path.write_text(CURL.read_text())
    assert main(["check", "--merged", "--format", form, "--jobs", "1", str(path), str(ERLANG)]) == 1
    said = capsys.readouterr().out
    assert "<b>x" not in said
    assert "beam.smp" in said


def test_a_form_that_has_each_trace_by_itself_cannot_be_merged(capsys: Captured) -> None:
    assert main(["check", "--merged", "--format", "sarif", str(CURL), str(ERLANG)]) == 2
    assert "a merged report can be text, html, json, markdown, parquet" in capsys.readouterr().err


def test_standard_input_cannot_be_merged(capsys: Captured) -> None:
    assert main(["check", "--merged", "-", str(CURL)]) == 2
    assert "standard input is one trace" in capsys.readouterr().err


def test_what_is_redacted_is_one_screen_too(logs: Path, capsys: Captured) -> None:
    assert main(["check", "--redact", "paths", str(logs)]) == 1
    said = capsys.readouterr().out
    assert str(logs) not in said
    assert "By program" in said


def test_one_screen_whatever_there_is_and_the_rest_is_named(
    tmp_path: Path, capsys: Captured
) -> None:
    """Every kind of doubt, failures of every kind, many hosts and destinations: a pipe gets what a
    terminal gets."""
    hosts = [tmp_path / f"web{number % 9}" for number in range(60)]
    for number, host in enumerate(hosts):
        host.mkdir(exist_ok=True)
        to = f'{{sa_family=AF_INET, sin_port=htons({80 + number}), sin_addr=inet_addr("192.0.2.{number}")}}, 16'
        errors = (
            "ECONNREFUSED (a)",
            "ETIMEDOUT (a)",
            "EHOSTUNREACH (a)",
            "ENETUNREACH (a)",
            "EPERM (a)",
        )
        (host / f"{number}.strace").write_text(
            f'7 execve("/bin/p{number}", ["p"], 0x7ff1 /* 1 var */) = 0\n'
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
            f'7 bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0\n'
            f"7 connect(3, {to}) = 0\n"
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n"
            f"7 connect(4, {to}) = -1 {errors[number % 5]}\n"
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5\n"
            f"7 bind(5, {to}) = -1 EADDRINUSE (Address already in use)\n"
        )
    assert main(["check", "--jobs", "1", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert len(said.splitlines()) <= 60
    assert "60 failed; 60 bind() failed; " in " ".join(said.split())
    assert "Not shown: " in said
    assert main(["check", "--jobs", "1", "--merged", "--all", str(tmp_path)]) == 1
    every = capsys.readouterr().out
    assert "Not shown" not in every
    for title in ("By host", "Destinations of ports pinned early", "Calls that failed"):
        assert title in every
