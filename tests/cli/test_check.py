"""`check`: the default command, its exit statuses, its formats, its output file, its errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.running import CURL, EARLY_BIND, ERLANG, SSH, environment, run


def test_check_is_the_default_command() -> None:
    assert run(SSH).stdout == run("check", SSH).stdout
    assert run(SSH).stdout.startswith("note: ssh (pid 18433) binds before connecting: ")


def test_standard_input_is_read_where_no_trace_is_named() -> None:
    done = run(given=EARLY_BIND)
    assert done.stdout.startswith("note: the traced program binds before connecting: ")
    assert "  Proof  <stdin>\n" in done.stdout
    assert run("-", given=EARLY_BIND).stdout == done.stdout


def test_a_file_named_like_a_command_is_given_with_a_dot(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(EARLY_BIND)
    assert "  Proof  ./rules\n" in run("./rules", cwd=tmp_path).stdout
    assert run("rules", cwd=tmp_path).stdout.startswith("RULE ")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((ERLANG,), 1),
        ((SSH,), 0),
        ((CURL,), 0),
        ((SSH, "--fail-on", "note"), 1),
        ((SSH, "--fail-on", "bind-any-port-zero"), 1),
        ((ERLANG, "--fail-on", "error"), 0),
        ((ERLANG, "--fail-on", "never"), 0),
        ((ERLANG, "--rule", "udp-shared-port"), 0),
        ((ERLANG, "--level", "error"), 1),
        ((ERLANG, "--pid", "4535"), 0),
        ((ERLANG, "--command", "beam*"), 1),
        ((ERLANG, "--until", "16:49:21.7"), 1),
        ((ERLANG, "--until", "16:49:21.1"), 0),
    ],
)
def test_the_exit_status_says_whether_the_gate_was_reached(
    words: tuple[str, ...], status: int
) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
            * 9,
            "connect",
        ),
        (
            'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
            * 9,
            "bind",
        ),
        ("bind(3, 0x7ffd1, 16) = 0\nconnect(3, 0x7ffd2, 16) = 0\n" * 9, "addresses"),
    ],
)
def test_a_trace_whose_options_hid_what_matters_cannot_be_judged(lines: str, reason: str) -> None:
    done = run(given="socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n" + lines)
    assert done.returncode == 2
    assert done.stdout.startswith("inconclusive: ")
    assert reason in done.stdout.splitlines()[0]
    assert "Take it again with" in done.stdout


def test_a_trace_that_hides_connect_cannot_be_judged() -> None:
    done = run(given="getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n" * 9)
    assert done.returncode == 2
    assert done.stdout.startswith("inconclusive: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere.txt",), "nowhere.txt: no such file or directory"),
        (("--fail-on", "warnig", SSH), "--fail-on warnig: no such level or rule; did you mean"),
        (("--rule", "bind-any-port", SSH), "no such rule: bind-any-port; did you mean"),
        (("--since", "+1", SSH), "--since and --until need a trace with times"),
        (("-o", "/nowhere/report", SSH), "cannot write /nowhere/report: No such file or directory"),
        (("--rules", "nowhere.py", SSH), "nowhere.py: no such file or directory"),
    ],
)
def test_an_error_of_the_user_is_one_clear_line(
    words: tuple[str | Path, ...], message: str
) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"strace-analyzer: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "\x00\x01\x02"])
def test_what_is_no_trace_cannot_be_judged(text: str) -> None:
    done = run(given=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("strace-analyzer: <stdin>: ")


def test_the_report_is_written_aside_and_renamed(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    done = run("--format", "json", "-o", target, SSH)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(target.read_text())["summary"]["verdict"] == "findings"
    assert list(tmp_path.iterdir()) == [target]


def test_a_report_that_cannot_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    assert run("-o", target, "nowhere.txt").returncode == 2
    assert target.read_text() == "old"


def test_a_report_can_go_to_a_device() -> None:
    assert run("-o", "/dev/stdout", "--format", "concise", SSH).stdout.startswith(f"{SSH}:36: note")


def test_json_lines_end_with_the_summary() -> None:
    lines = run("--format", "jsonl", ERLANG).stdout.splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    assert kinds == ["trace", *["finding"] * 40, "summary"]


def test_all_lists_every_finding() -> None:
    lines = run("--all", ERLANG).stdout.splitlines()
    assert sum(line.startswith("warning  beam.smp[4510] ") for line in lines) == 40


def test_several_traces_are_reported_one_by_one() -> None:
    done = run(ERLANG, CURL)
    assert done.returncode == 1
    head = " ".join(done.stdout.splitlines()[:2]).split()  # two lines where a path is long
    assert {"TRACE", "VERDICT", "TCP", "CONNECTIONS", "FINDINGS", "LINES"} <= set(head)
    assert f"── {ERLANG} ──" in done.stdout


def test_help_is_on_standard_output() -> None:
    for words in (("--help",), ("check", "--help"), ("-h",)):
        done = run(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage: strace-analyzer" in done.stdout


def test_version_says_whether_the_fast_scanner_is_in_use() -> None:
    assert run("--version").stdout.startswith("strace-analyzer ")
    assert " (scanning with " in run("--version").stdout
    without = (
        "import sys; sys.modules['hyperscan'] = None; "
        "from strace_analyzer.cli import main; main(['--version'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", without], capture_output=True, text=True, env=environment()
    )
    assert done.stdout.endswith(" (scanning with Python's re; the extra 'fast' adds Hyperscan)\n")


def test_the_summary_of_strace_is_named(tmp_path: Path) -> None:
    """What -c prints, here by a strace 6.1."""
    (tmp_path / "summary.txt").write_text(
        "% time     seconds  usecs/call     calls    errors syscall\n"
        "------ ----------- ----------- --------- --------- ----------------\n"
        " 32.14    0.000018           3         6           close\n"
        " 17.86    0.000010          10         1           connect\n"
        "------ ----------- ----------- --------- --------- ----------------\n"
        "100.00    0.000056           2        28         1 total\n"
    )
    done = run("summary.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith("inconclusive: this is the summary of strace -c, which counts")


OLDER = """\
7 getpid() = 7
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
7 close(3) = 0
"""
"""What the socket was before the trace, nobody saw."""


def test_notes_in_one_trace_are_no_all_clear_for_another(tmp_path: Path) -> None:
    older = tmp_path / "older.strace"
    older.write_text(OLDER)
    assert [run(*traces).returncode for traces in ((older,), (SSH,), (SSH, older))] == [2, 0, 2]


ODD_NAMES = [
    "-dash",
    "new\nline",
    "q'uote\"",
    "a b:12",
    "x:407",
    "=cmd",
    "~",
    "\x1b[31m",
    "$(id)",
    "\\",
    "sockets",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=repr)
def test_the_commands_that_a_report_suggests_can_be_pasted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(EARLY_BIND)
    report = (
        run("--", name, cwd=tmp_path) if name != "sockets" else run("check", name, cwd=tmp_path)
    )
    (said,) = [line for line in report.stdout.splitlines() if line.startswith("One socket's life")]
    command = said.partition(": ")[2]
    assert command.startswith("strace-analyzer sockets ")
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=environment(PATH=path),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "bind(3, " in done.stdout
