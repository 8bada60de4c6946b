"""What is typed: numbers, choices, switches; what is missing or too much; which modules are loaded
for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from cli.running import CURL, EARLY_BIND, ERLANG, ROOT, SSH, complaint, environment, run
from typer.testing import CliRunner

from strace_analyzer.cli import main
from strace_analyzer.cli.app import app

AN_INTEGER = "Input should be a valid integer"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "--pid", "ssh", SSH), f"Invalid value for '--pid': {AN_INTEGER}"),
        (("check", "--jobs", "0", SSH), "Invalid value for '--jobs': Input should be greater than"),
        (("check", "--jobs"), "Option '--jobs' requires an argument."),
        (("check", "--quiet=1", SSH), "Option '--quiet' does not take a value."),
        (
            ("check", "--level", "notes", SSH),
            "'notes' is not one of 'note', 'warning', 'error'",
        ),
        (("--port-range", "9-1", SSH), "Invalid value for '--port-range': 9-1: not two ports, LO"),
        (("--since", "noon", SSH), "Invalid value for '--since': 'noon' is no time: use 14:02:11"),
        (("--format", "jsn", "x"), "'jsn' is not one of 'text', 'concise', 'github',"),
        (("sockets", "--format", "jsn"), "'jsn' is not one of 'text', 'csv', 'json', "),
        (("--formt", "json"), "No such option: --formt (Possible options: --format)"),
        (
            ("sockets", "--line", "-3", SSH),
            "Invalid value for '--line': Input should be greater than or equal to 1",
        ),
        (
            ("sockets", "--fd", "1.5", SSH),
            f"Invalid value for '--fd': {AN_INTEGER}",
        ),
        (("ports", "--what-if", "x", SSH), "Invalid value for '--what-if': x: not two ports"),
        (("attach", "ssh"), "Invalid value for 'PID': ssh: no process id; by its name: attach --"),
        (("attach", "0"), "Invalid value for 'PID': 0: no process has this id"),
        (("attach", "1", "--for", "soon"), "Invalid value for '--for': soon: no duration, such as"),
        (("rule", "bind-any-port-zero", "more"), "Got unexpected extra argument(s) (more)"),
        (("command", "--pid", "7", "--", "true"), "Invalid value: give --pid or a program, not"),
    ],
)
def test_typer_says_what_is_wrong_with_a_command_line(
    words: tuple[str | Path, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in complaint(err)


def test_our_own_failure_to_run_is_125() -> None:
    done = run("run")
    assert (done.returncode, done.stdout) == (125, "")
    assert complaint(done.stderr) == "Missing argument 'CMD'."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("socket",), "No such file: 'socket'. Did you mean the command 'sockets'?"),
        (("port", SSH), "No such file: 'port'. Did you mean the command 'ports'?"),
        (("atach", "1"), "No such file: 'atach'. Did you mean the command 'attach'?"),
        (("chekc",), "No such file: 'chekc'. Did you mean the command 'check'?"),
        (("--verison",), "No such option: --verison. Did you mean 'strace-analyzer --version'?"),
        (("-p", "1"), "No such option: -p. To trace a process that runs: strace-analyzer attach"),
        (
            ("check", "-p1"),
            "No such option: -p. To trace a process that runs: strace-analyzer at",
        ),
        (("1",), "No such file: '1'. To trace the process: strace-analyzer attach 1"),
        (("ls", "-l"), "No such option: -l. To run the program: strace-analyzer run -- ls -l"),
        (("check", "ls"), "No such file: 'ls'. To run the program: strace-analyzer run -- ls"),
        ((f"{SSH}:36",), f"No such file: '{SSH}:36'. What is on this line: strace-analyzer sock"),
        (("collect", "1"), "Got unexpected extra argument(s) (1). It prints a script: strace-ana"),
        (("holders", "1"), "Got unexpected extra argument(s) (1). Another network namespace than"),
        (("rules", "x"), "Got unexpected extra argument(s) (x). One rule with its examples: stra"),
    ],
)
def test_what_was_mistyped_or_misunderstood_is_told_the_nearest(
    words: tuple[str | Path, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint(err).startswith(message)


@pytest.mark.parametrize(
    ("words", "first"), [("help", "Usage: strace-analyzer"), ("help attach", "Usage: strace-analyz"),
                         ("version", "strace-analyzer "), ("-V", "strace-analyzer ")],
)  # fmt: skip
def test_help_and_version_are_given_however_they_are_asked_for(words: str, first: str) -> None:
    done = run(*words.split())
    assert done.returncode == 0
    assert done.stdout.strip().startswith(first)


def test_what_follows_a_program_is_the_program_s() -> None:
    assert run("command", "java", "-jar", "x.jar").stdout.endswith(" -- java -jar x.jar\n")


def test_a_trace_named_like_a_mistyped_command_is_read(tmp_path: Path) -> None:
    (tmp_path / "socket").write_text(EARLY_BIND)
    (tmp_path / "port.12").write_text(EARLY_BIND)
    for name in ("socket", "port"):
        assert "binds before connecting" in run(name, cwd=tmp_path).stdout
    assert run("nowhere", cwd=tmp_path).stderr == (
        "strace-analyzer: nowhere: no such file or directory\n"
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("help", "--help"),
        ("help ports", "ports --help"),
        ("version", "--version"),
        ("-V", "--version"),
    ],
)
def test_help_and_version_are_understood_as_words_too(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for words in (typed, meant):
        assert main(words.split()) == 0
        said.append(capsys.readouterr())
    assert said[0] == said[1]
    assert said[0].out


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("at", ["attach"]),
        ("ports --what", ["--what-if"]),
        ("--form", ["--format"]),
        ("--format js", ["json", "jsonl"]),
        ("check --level w", ["warning"]),
        ("check --rule udp", ["udp-shared-port"]),
        ("check --fail-on n", ["never", "note"]),
        ("rule bind-any", ["bind-any-port-zero"]),
        ("trace.t", []),  # then the shell offers the names of files
    ],
)
def test_the_shell_completes(
    typed: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = f"strace-analyzer {typed}"
    asked = {"_STRACE_ANALYZER_COMPLETE": "complete_bash", "COMP_WORDS": line}
    for name, value in {**asked, "COMP_CWORD": str(line.count(" "))}.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 0
    assert sorted(capsys.readouterr().out.split()) == words


def test_names_that_are_no_utf_8_are_read_and_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).write_text(EARLY_BIND)
    done = run(name, "-o", f"{name}.report", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / f"{name}.report").read_text().startswith("note: ")


def test_options_change_nothing_of_what_is_read() -> None:
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
    "jsonschema",
    "numpy",
    "pandas",
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
    assert sorted(loaded & HEAVY) == []


def test_lark_is_loaded_for_what_no_earlier_run_has_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ["lark" in loaded_by("check", str(SSH)) for _ in range(2)] == [True, False]


PANELS = ["Arguments", "Options", "strace", "Output", "What is shown", "Reading", "Local ports"]
HELP_OF = [
    *("check", "sockets", "ports", "compare", "events", "summary", "tree", "run", "command"),
    *("attach", "holders", "collect", "rules", "rule"),
]


@pytest.mark.parametrize("name", HELP_OF)
def test_help_pages_have_their_parts_in_one_order_and_whole_paragraphs(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("TERMINAL_WIDTH", "400")
    main([name, "--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    titles = [
        match[1]
        for line in lines
        if (match := re.match(r"[^\w\s]\S? ([A-Za-z ]+) [^\w\s]{3}", line))
    ]
    assert "Options" in titles
    assert titles == [panel for panel in PANELS if panel in titles]
    said = lines[: next(at for at, line in enumerate(lines) if line.endswith("\u256e"))]
    for above, below in pairwise(said):
        assert not above or not below, (above, below)


@pytest.mark.parametrize("words", [(), *((name,) for name in HELP_OF)])
def test_help_pages_show_no_types_of_python(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--help"])
    said = capsys.readouterr().out
    assert "Usage: " in said
    assert re.findall(r"<[a-z]\S*>", said) == []


COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
VALUED = [
    (name, option.opts[-1])
    for name, command in sorted(COMMANDS.items())
    for option in command.params
    if option.param_type_name == "option" and not option.is_flag and option.opts[-1] != "--help"
]


@pytest.mark.parametrize(("command", "option"), VALUED)
def test_a_value_that_cannot_be_is_answered_with_what_is_wanted(
    command: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # -o
    for value in ("nginx", "-1", "--all", ""):
        done = CliRunner().invoke(app, [command, option, value, "absent.txt"])
        assert done.exit_code in (0, 2, 125), (value, done.output)
        assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("attach --tree --for 8s 1", "'--tree': --for stands where a process id (such as 4510) is"),
        ("attach --tree nginx", "'--tree': nginx: no process id; by its name: attach --name nginx"),
        ("attach --name --for 8s", "'--name': --for stands where the name of a program is wanted"),
        ("check --level warn x", "'warn' is not one of 'note', 'warning', 'error'"),
        ("check --jobs many x", f"'--jobs': {AN_INTEGER}"),
        ("check --jobs 0 x", "'--jobs': Input should be greater than or equal to 1"),
        ("sockets --line x a", f"'--line': {AN_INTEGER}"),
        ("sockets --pid nginx a", f"'--pid': {AN_INTEGER}"),
        ("holders --netns web", f"'--netns': {AN_INTEGER}"),
        ("summary --by day a", "'day' is not one of 'syscall', 'process', 'thread', 'file',"),
    ],
)
def test_what_is_wanted_is_said(words: str, said: str) -> None:
    done = CliRunner().invoke(app, words.split(), terminal_width=200)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
