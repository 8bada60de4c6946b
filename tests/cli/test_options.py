"""What is typed: numbers, choices, switches; what is missing or too much; which modules are loaded
for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.running import CURL, EARLY_BIND, ERLANG, ROOT, SSH, environment, run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "--pid", "ssh", SSH), "--pid ssh: not a whole number from 0 on"),
        (("check", "--jobs", "0", SSH), "--jobs 0: not a whole number from 1 on"),
        (("check", "--jobs"), "Option '--jobs' requires an argument"),
        (("check", "--quiet=1", SSH), "Option '--quiet' does not take a value"),
        (("sockets", "--line", "-3", SSH), "--line -3: not a whole number from 1 on"),
        (("sockets", "--fd", "1.5", SSH), "--fd 1.5: not a whole number from 0 on"),
        (("sockets", "--format", "jsn", SSH), "--format jsn: not one of text, csv, json; did you"),
        (("attach", "ssh"), "PID ssh: not a whole number from 0 on"),
        (("attach",), "Missing argument 'PID...'"),
        (("rule", "bind-any-port-zero", "more"), "Got unexpected extra argument(s) (more)"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"strace-analyzer: {message}")
    assert done.stderr.count("\n") == 1


def test_our_own_failure_to_run_is_125() -> None:
    done = run("run")
    assert (done.returncode, done.stderr) == (
        125,
        "strace-analyzer: Missing argument '-- CMD [ARGS...]'\n",
    )


def test_options_change_nothing_of_what_is_read() -> None:
    """Traces alone are read without typer, traces and options with it."""
    plain = run("check", ERLANG, CURL)
    assert plain.stdout == run("check", "--quiet", ERLANG, CURL).stdout
    assert plain.stdout == run(ERLANG, "--format", "text", "--level=note", CURL).stdout
    assert run(given=EARLY_BIND).stdout == run("-q", given=EARLY_BIND).stdout


def test_a_repeated_option_is_a_list_and_the_last_of_others_counts() -> None:
    both = run("--rule", "bound-unused", "--rule", "bind-any-port-zero", SSH)
    assert both.stdout.startswith("note: ssh (pid 18433) binds before connecting: ")
    done = run("--format", "json", "--format", "concise", SSH)
    assert done.stdout.startswith(f"{SSH}:36: note: bind-any-port-zero: ssh[18433] fd 3")


@pytest.mark.parametrize("words", [(), ("--help",), ("check", "-h"), ("run", "--help")])
def test_help_is_shown_where_it_is_asked_for(words: tuple[str, ...]) -> None:
    done = run(*words, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    command = next((f" {word}" for word in words if not word.startswith("-")), "")
    assert f" Usage: strace-analyzer{command} [OPTIONS]" in done.stdout


def test_the_list_of_commands_names_them_all() -> None:
    shown = run("--help").stdout
    listed = [line.split()[1] for line in shown.splitlines() if line.startswith("│ ")]
    for name in ("check", "sockets", "ports", "run", "attach", "command", "rules", "rule"):
        assert name in listed
        assert run(name, "--help").stdout.count(f" Usage: strace-analyzer {name} [OPTIONS]") == 1


def loaded_by(*words: str) -> set[str]:
    """Names of all modules that a command has loaded when it ends."""
    program = (
        "import json, sys\n"
        "from strace_analyzer.cli import main\n"
        "main(sys.argv[1:])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment(),
    )
    return set(json.loads(done.stderr))


HEAVY = {
    "asyncio",
    "hyperscan",
    "importlib.metadata",
    "jsonschema",
    "numpy",
    "pandas",
    "pydantic",
    "rich.live",
    "rich.progress",
    "rich.traceback",
    "strace_analyzer.live.attach",
    "strace_analyzer.live.run",
    "strace_analyzer.live.sockets",
    "strace_analyzer.report.frames",
}


def test_a_small_trace_is_checked_with_what_that_needs_and_no_more() -> None:
    loaded = loaded_by("check", str(SSH))
    assert {"rich.console", "strace_analyzer.report.text.page"} <= loaded
    assert sorted(loaded & (HEAVY | {"subprocess", "typer"})) == []


def test_lark_is_loaded_for_what_no_earlier_run_has_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ["lark" in loaded_by("check", str(SSH)) for _ in range(2)] == [True, False]


def test_options_do_not_make_typer_load_pydantic() -> None:
    loaded = loaded_by("check", "--quiet", "--format", "concise", "--level", "note", str(SSH))
    assert "typer" in loaded
    assert sorted(loaded & (HEAVY | {"rich.console"})) == []


def test_a_command_loads_no_other() -> None:
    loaded = loaded_by("rules")
    assert "strace_analyzer.cli.rules" in loaded
    assert sorted(loaded & (HEAVY | {"strace_analyzer.cli.check", "strace_analyzer.cli.run"})) == []
