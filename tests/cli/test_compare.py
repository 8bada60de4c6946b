"""`compare`: did the fix work? And `check --baseline`, which reports only what is new."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import zstandard
from cli.running import run

from strace_analyzer.cli import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
OTP23 = SAMPLES / "erlang23-inets-httpc-40req-yy-tt-T.strace"
OTP25 = """\
4510 execve("/usr/lib/erlang/erts-13.1.5/bin/beam.smp", ["beam.smp"], 0x7ffd /* 9 vars */) = 0
"""
CALLS = """\
4510 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}
{bind}4510 connect({fd}, {{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("127.0.0.1")}}, 16) = 0
4510 close({fd}) = 0
"""
BIND = '4510 bind({fd}, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0\n'


def trace(path: Path, connections: int, early: int, *, fd: int = 7, port: int = 8001) -> Path:
    """A trace of so many connections, of which so many are bound early."""
    calls = [
        CALLS.format(fd=fd, port=port, bind=BIND.format(fd=fd) if at < early else "")
        for at in range(connections)
    ]
    path.write_text(OTP25 + "".join(calls))
    return path


def test_a_habit_that_is_gone(tmp_path: Path) -> None:
    after = trace(tmp_path / "after", 40, 0)
    done = run("compare", OTP23, after)
    assert done.stdout.splitlines()[0] == "early-bound 40 of 40 -> 0 of 40 TCP connections"
    assert "3 causes: 3 gone, 0 new, 0 kept." in done.stdout
    assert done.returncode == 0


LEFT_OUT = {
    "--rule": ["--rule", "connection-churn"],
    "--level": ["--level", "error"],
    "--baseline": ["--baseline"],
    "--suppressions": ["--suppressions"],
    "--command": ["--command", "beam*"],
}


@pytest.mark.parametrize("option", LEFT_OUT)
@pytest.mark.parametrize("turned", [False, True])
def test_what_an_option_left_out_is_neither_gone_nor_new(
    option: str, turned: bool, tmp_path: Path
) -> None:
    whole, part, again = (tmp_path / name for name in ("whole.json", "part.json", "again.json"))
    accepted = tmp_path / "accepted.toml"
    run("--format", "json", "-o", whole, OTP23)
    group = json.loads(whole.read_text())["groups"][0]
    accepted.write_text(f'[[suppress]]\nfingerprint = "{group["fingerprint"]}"\nreason = "known"\n')
    given = LEFT_OUT[option] + {"--baseline": [str(whole)], "--suppressions": [str(accepted)]}.get(
        option, []
    )
    for report in (part, again):
        run("--format", "json", "-o", report, *given, OTP23)
    done = run("compare", *((part, whole) if turned else (whole, part)))
    said = " ".join(done.stdout.split())
    assert said.startswith(f"not comparable: {part} was made with {option}")
    assert " gone" not in said
    assert done.returncode == 2
    alike = run("compare", part, again)
    assert "0 gone, 0 new" in alike.stdout or "nothing was found" in alike.stdout.lower()
    assert alike.returncode == 0


def test_a_saved_report_is_as_good_as_the_trace(tmp_path: Path) -> None:
    saved = tmp_path / "before.json"
    run("--format", "json", "-o", saved, OTP23)
    after = trace(tmp_path / "after", 40, 0)
    whole = json.loads(run("compare", "--format", "json", saved, after).stdout)
    assert whole["headline"] == "early-bound 40 of 40 -> 0 of 40 TCP connections"
    assert {change["kind"] for change in whole["changes"]} == {"gone"}


ALL_KNOWN = "40 findings left out: known from the baseline"


@pytest.mark.parametrize("packed", [gzip, bz2, lzma, zstandard])
def test_a_compressed_report_is_as_good(packed: ModuleType, tmp_path: Path) -> None:
    saved, small = tmp_path / "before.json", tmp_path / "before.json.packed"
    run("--format", "json", "-o", saved, OTP23)
    small.write_bytes(packed.compress(saved.read_bytes()))
    done = run("compare", small, OTP23)
    assert "3 causes: 0 gone, 0 new, 3 kept." in done.stdout
    assert done.returncode == 0
    done = run("--baseline", small, "--fail-on", "note", OTP23)
    assert (done.stderr, done.returncode) == (f"strace-analyzer: {ALL_KNOWN}\n", 0)


def test_a_damaged_compressed_report_is_named(tmp_path: Path) -> None:
    saved, cut = tmp_path / "before.json", tmp_path / "cut.json.gz"
    run("--format", "json", "-o", saved, OTP23)
    cut.write_bytes(gzip.compress(saved.read_bytes())[:-100])
    for words in (["compare", cut, OTP23], ["--baseline", cut, OTP23]):
        done = run(*words)
        assert f"{cut}: damaged compressed data" in done.stderr
        assert done.returncode == 2


def test_a_trace_in_a_pipe_loses_nothing_and_a_baseline_may_come_from_one(tmp_path: Path) -> None:
    after, saved = trace(tmp_path / "after", 40, 0), tmp_path / "before.json"
    run("--format", "json", "-o", saved, OTP23)
    programs = f"{sys.executable} -m strace_analyzer"
    done = subprocess.run(
        [
            *("bash", "-c"),
            f"{programs} compare <(cat {OTP23}) {after} && {programs} {OTP23} --baseline <(cat {saved})",
        ],
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("early-bound 40 of 40 -> 0 of 40 TCP connections\n")
    assert (done.stderr, done.returncode) == (f"strace-analyzer: {ALL_KNOWN}\n", 0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.json", "--baseline {}: no such file or directory"),
        ("trace.gz", "--baseline {}: not a report of --format json"),
    ],
)
def test_what_is_no_baseline(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "trace.gz").write_bytes(gzip.compress(OTP23.read_bytes()))
    done = run("--baseline", tmp_path / name, OTP23)
    assert done.stderr.startswith(f"strace-analyzer: {said.format(tmp_path / name)}")
    assert (done.stdout, done.returncode) == ("", 2)


@pytest.mark.parametrize(
    ("early_before", "early_after", "status", "kind"),
    [(0, 3, 1, "new"), (3, 3, 0, "kept"), (3, 6, 1, "kept"), (6, 3, 0, "kept"), (3, 0, 0, "gone")],
)
def test_the_exit_status_is_of_what_is_new_or_larger(
    early_before: int, early_after: int, status: int, kind: str, tmp_path: Path
) -> None:
    before = trace(tmp_path / "before", 10, early_before)
    after = trace(tmp_path / "after", 10, early_after, fd=9)
    done = run("compare", "--format", "json", "--fail-on", "bind-any-port-zero", before, after)
    (change,) = json.loads(done.stdout)["changes"]
    assert (change["kind"], change["before"], change["after"]) == (kind, early_before, early_after)
    assert done.returncode == status


def test_twice_the_connections_with_twice_the_findings_is_no_worse(tmp_path: Path) -> None:
    before, after = trace(tmp_path / "b", 10, 5), trace(tmp_path / "a", 20, 10)
    done = run("compare", "--fail-on", "bind-any-port-zero", before, after)
    assert done.stdout.startswith("early-bound 5 of 10 -> 10 of 20 TCP connections")
    assert done.returncode == 0


def test_nothing_is_no_success(tmp_path: Path) -> None:
    empty = tmp_path / "after"
    empty.write_text(OTP25 + "4510 exit_group(0) = ?\n")
    done = run("compare", OTP23, empty)
    assert done.stdout.startswith("not comparable: ")
    assert done.returncode == 2


@pytest.mark.parametrize("format", ["text", "markdown", "html", "json"])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_cannot_be_compared_has_nothing_gone_or_new(
    format: str, swapped: bool, tmp_path: Path
) -> None:
    empty = tmp_path / "after"
    empty.write_text(OTP25 + "4510 exit_group(0) = ?\n")
    sides = (empty, OTP23) if swapped else (OTP23, empty)
    said = run("compare", "--format", format, *sides).stdout
    text = re.sub(r"<(style|head)\b.*?</\1>", "", said, flags=re.S)
    assert re.search(r"not comparable|\"comparable\": false", text)
    assert not re.search(r"\b(gone|new|kept|bind-any-port-zero|nothing was found)\b", text, re.I)


def test_what_is_no_report_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"a": 1}')
    done = run("compare", other, OTP23)
    assert "not a report of strace-analyzer" in done.stderr
    assert done.returncode == 2


def test_markdown_has_the_same(tmp_path: Path) -> None:
    text = run("compare", "--format", "markdown", OTP23, trace(tmp_path / "after", 40, 0)).stdout
    assert text.startswith("### early-bound 40 of 40 -&gt; 0 of 40 TCP connections")
    assert (
        "| gone | warning | bind-any-port-zero | beam.smp | any | 127.0.0.1 port 8001 | 14 | 0 |"
        in text
    )


def test_a_baseline_leaves_what_is_new(tmp_path: Path) -> None:
    saved = tmp_path / "baseline.json"
    run("--format", "json", "-o", saved, trace(tmp_path / "before", 3, 3))
    same = trace(tmp_path / "same", 5, 5, fd=9)
    gate = ("--fail-on", "bind-any-port-zero")
    assert run(*gate, same).returncode == 1
    done = run(*gate, "--baseline", saved, "--format", "json", same)
    assert (json.loads(done.stdout)["findings"], done.returncode) == ([], 0)
    assert json.loads(done.stdout)["summary"]["verdict"] == "findings"  # known is not gone
    said = run(*gate, "--baseline", saved, same).stdout
    assert said.startswith("nothing new: 5 findings known from the baseline\n")
    assert "clean" not in said
    other = trace(tmp_path / "other", 2, 2, port=9999)
    both = tmp_path / "both"
    both.write_text(same.read_text() + other.read_text().removeprefix(OTP25))
    done = run(*gate, "--baseline", saved, "--format", "json", both)
    found = json.loads(done.stdout)
    assert [item["peer"]["port"] for item in found["findings"]] == [9999, 9999]
    assert [item["count"] for item in found["groups"]] == [2]
    assert done.returncode == 1


@pytest.mark.labels
def test_erlang_25_has_given_up_the_habit() -> None:
    from shared_folder import TRACES

    before = TRACES / "erlang23-inets-httpc-40req.strace"
    done = run("compare", before, TRACES / "erlang25-inets-httpc-40req.strace")
    assert done.stdout.splitlines()[0] == "early-bound 40 of 40 -> 0 of 40 TCP connections"
    assert done.returncode == 0


def test_two_directories_are_compared_as_their_traces_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side in ("before", "after"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "curl.strace").symlink_to(SAMPLES / "curl-interface-any.strace")
    (tmp_path / "before" / "erlang.strace").symlink_to(OTP23)
    assert (
        main(["compare", "--format", "json", *(str(tmp_path / s) for s in ("before", "after"))])
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert (made["sides"]["before"]["early_bound"], made["sides"]["after"]["early_bound"]) == (
        40,
        0,
    )
    assert {change["kind"] for change in made["changes"]} == {"gone"}
