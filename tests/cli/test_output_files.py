"""A report's file is the old one or the new one, never half of one, and never a trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli import every_form
from cli.running import COMMAND, EARLY_BIND, ERLANG, ROOT, environment
from typer.main import get_command

from strace_analyzer.cli import main
from strace_analyzer.cli.app import app
from strace_analyzer.cli.overwriting import READ
from strace_analyzer.report.formats import json as json_format

COMMANDS = [
    ["check"], ["check", "--format", "json"], ["check", "--follow"], ["sockets"], ["ports"],
    ["events"], ["summary"], ["tree"],
]  # fmt: skip
OLD = "an old report\n"


def report_file(tmp_path: Path) -> Path:
    report = tmp_path / "report"
    report.write_text(OLD)
    return report


def only(report: Path) -> bool:
    """Nothing was left beside it."""
    return [path.name for path in report.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_trace_is_not_overwritten(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND)
    link = tmp_path / "link"
    link.symlink_to(trace)
    for output in (trace, tmp_path / "." / "trace", link):
        assert main([*words, "-o", str(output), str(trace)]) == 2
        assert "is one of the traces: give -o another name" in capsys.readouterr().err
        assert trace.read_text() == EARLY_BIND
    assert only(trace)


@pytest.mark.parametrize("named", [[], ["-"]], ids=["unnamed", "-"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nor_is_what_standard_input_is_read_from(
    words: list[str], named: list[str], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND)
    with trace.open("rb") as source:
        done = subprocess.run(
            [sys.executable, "-m", "strace_analyzer", *words, "-o", str(trace), *named],
            stdin=source,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == f"strace-analyzer: {trace} is one of the traces: give -o another name\n"
    assert trace.read_text() == EARLY_BIND
    assert only(trace)


def test_nor_is_a_member_of_a_family(tmp_path: Path) -> None:
    (tmp_path / "t.7").write_text(EARLY_BIND)
    (tmp_path / "t.8").write_text(EARLY_BIND)
    assert main(["check", "-o", str(tmp_path / "t.8"), str(tmp_path / "t")]) == 2
    assert main(["check", "-o", str(tmp_path / "t.8"), str(tmp_path)]) == 2
    assert (tmp_path / "t.8").read_text() == EARLY_BIND


def test_both_sides_of_a_comparison_are_kept(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    shutil.copy(ERLANG, trace)
    assert main(["compare", "-o", str(trace), str(trace), str(ERLANG)]) == 2
    assert trace.read_bytes() == ERLANG.read_bytes()


# ---------------------------------------------------------------- nor is anything else that is read

NOT_A_FILE = {"--scheduler": "a Dask cluster is needed", "--cache": "it is a directory"}
ASKED_OF = ["check", "compare", "sockets", "ports", "events", "summary", "tree", "run", "attach"]


def parameters(command: str) -> list[Any]:
    group: Any = get_command(app)
    return list(group.commands[command].params)


def options_of_files() -> list[tuple[str, str]]:
    """Every option of every command whose value names a file, as its help calls it."""
    return [
        (command, param.opts[-1])
        for command in ASKED_OF
        for param in parameters(command)
        if {"FILE", "REPORT", "DIR"} & set(re.split(r"\W", param.metavar or ""))
    ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "trace").write_text(EARLY_BIND)
    (tmp_path / "-").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attempt(command: str, words: list[str], output: str, capsys: Any) -> str:
    """What is said to `-o` OUTPUT, which must stay as it is."""
    trace = {"compare": ["trace", "trace"], "run": ["--", "true"], "attach": ["1"]}
    kept = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    given = trace.get(command, ["trace"])
    assert main([command, *words, "-o", output, *given]) == (125 if command == "run" else 2)
    assert {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()} == kept
    said: str = capsys.readouterr().err
    return said


def test_every_option_that_names_a_file_is_known() -> None:
    named = {word for _, word in options_of_files()}
    known = {f"--{name.replace('_', '-')}" for name in READ} | {"--output", "--save-trace"}
    assert named == (known | set(NOT_A_FILE)) - {
        *("--traces", "--before", "--after", "--program"),
    }


@pytest.mark.parametrize("link", ["itself", "symbolic", "hard"])
@pytest.mark.parametrize(
    ("command", "option"), [x for x in options_of_files() if x[1] not in {"--output", *NOT_A_FILE}]
)
def test_no_file_that_an_option_names_is_overwritten(
    command: str, option: str, link: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place / "given.py"
    file.write_text("# rules\n")
    match link:
        case "symbolic":
            (place / "other").symlink_to(file)
        case "hard":
            (place / "other").hardlink_to(file)
    output = "./given.py" if link == "itself" else "other"
    said = attempt(command, [option, "given.py"], output, capsys)
    assert option in said
    assert re.match(r"strace-analyzer: (other|given\.py) is ", said)


def test_nor_is_a_file_that_does_not_exist_yet_written_twice(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("run", "attach"):
        said = attempt(command, ["--save-trace", "./new"], "new", capsys)
        assert said == "strace-analyzer: new is the file of -o and of --save-trace\n"


@pytest.mark.parametrize("words", [["./prog"], ["sh", "prog"], ["./prog", "--fast"]])
@pytest.mark.parametrize("option", ["-o", "--save-trace"])
def test_nor_is_the_program_that_is_to_run(
    option: str, words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = place / "prog"
    program.write_text("#!/bin/sh\n")
    assert main(["run", option, "prog", "--", *words]) == 125
    assert program.read_text() == "#!/bin/sh\n"
    said = f"prog is a file of the program that is to run: give {option} another name"
    assert said in capsys.readouterr().err


def test_nor_is_the_trace_saved_over_what_is_read(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "accepted").write_text("")
    words = ["--suppressions", "accepted", "--save-trace", "accepted"]
    said = attempt("run", words, "report", capsys)
    assert said == (
        "strace-analyzer: accepted is the file of --suppressions: give --save-trace another name\n"
    )


def test_nor_are_a_directory_of_rules_and_what_the_configuration_names(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "rules").mkdir()
    (place / "rules" / "mine.py").write_text("")
    (place / "strace-analyzer.toml").write_text('suppressions = "accepted"\nrules = "rules"\n')
    (place / "accepted").write_text("")
    of_rules = ["--rules", "rules"]
    said = attempt("check", of_rules, "rules/mine.py", capsys)
    assert "rules/mine.py is a file of --rules" in said
    for file in ("accepted", "strace-analyzer.toml"):
        said = attempt("ports", [], file, capsys)
        assert said == (
            f"strace-analyzer: {file} is a file of the configuration: give -o another name\n"
        )


def test_nor_is_a_trace_of_which_a_line_was_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sockets", "-o", "trace", "trace:3"]) == 2
    assert (place / "trace").read_text() == EARLY_BIND


def stopping(monkeypatch: pytest.MonkeyPatch, stop: Callable[[], object]) -> None:
    """A report in which `stop` is called when half of it is written."""
    whole = json_format.pieces

    def stopped(*given: Any) -> Any:
        yield from list(whole(*given))[:2]
        stop()

    monkeypatch.setattr(json_format, "pieces", stopped)


def test_a_disk_that_is_full_in_the_middle_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise OSError(28, "No space left on device")

    stopping(monkeypatch, stop)
    report = report_file(tmp_path)
    assert main(["check", "--format", "json", "-o", str(report), str(ERLANG)]) == 2
    assert report.read_text() == OLD
    assert only(report)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("is_old", [True, False])
def test_a_signal_in_the_middle_leaves_the_old_one(
    is_old: bool, number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = signal.getsignal(number)
    stopping(monkeypatch, lambda: os.kill(os.getpid(), number))
    report = report_file(tmp_path)
    if not is_old:
        report.unlink()
    words = ["check", "--format", "json", "-o", str(report), str(ERLANG)]
    assert main(words) == 128 + number
    said = f"{report} {'is as it was' if is_old else 'is not written'}: interrupted"
    assert capsys.readouterr().err == f"strace-analyzer: {said}\n"
    assert [path.read_text() for path in tmp_path.iterdir()] == [OLD] * is_old
    assert signal.getsignal(number) == before


def limited() -> None:
    """A disk that is full after 4 KiB: what is buffered is refused only when the file is closed."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def run(*words: str, before: Callable[[], None] | None = None, **env: str) -> Any:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, cwd=ROOT, env=environment(**env),
        preexec_fn=before, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["check", "--format", "json"], ["events"]], ids=" ".join)
def test_a_full_disk_leaves_the_old_one(words: list[str], tmp_path: Path) -> None:
    report = report_file(tmp_path)
    # what is learned of the trace is not to be kept: its file would be too large as well
    done = run(*words, "-o", str(report), str(ERLANG), before=limited, XDG_CACHE_HOME="/dev/null")
    assert done.returncode == 2
    assert done.stderr.decode() == f"strace-analyzer: cannot write {report}: File too large\n"
    assert report.read_text() == OLD
    assert only(report)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").write_text(OLD)
    for name, target in (("link", "there"), ("dangling", "new")):
        (tmp_path / name).symlink_to(target)
        assert main(["check", "--format", "json", "-o", str(tmp_path / name), str(ERLANG)]) == 1
        assert (tmp_path / name).is_symlink()
        assert json.loads((tmp_path / target).read_text())["schema"] == 1
    assert only(tmp_path / "there")


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_standard_stream_goes_to_is_added_to(number: int, tmp_path: Path) -> None:
    """`strace-analyzer -o /dev/stdout TRACE >> FILE`: FILE keeps what it has, and the link in /dev
    is not replaced. A link of our own stands for it, as root could write to the other."""
    report = report_file(tmp_path)
    link = tmp_path / "stream"
    link.symlink_to(f"/proc/self/fd/{number}")
    words = [*COMMAND, "check", "--format", "json", "-o", str(link), str(ERLANG)]
    with report.open("a") as stream:
        done = subprocess.run(
            words,
            stdout=stream if number == 1 else subprocess.PIPE,
            stderr=stream if number == 2 else subprocess.PIPE,
            cwd=ROOT, env=environment(), timeout=100, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert link.is_symlink()
    said = report.read_text()
    assert said.startswith(OLD)
    assert json.loads(said.removeprefix(OLD))["schema"] == 1
    assert only(report)


@pytest.mark.parametrize("closed", [0, 2])
def test_a_closed_standard_stream_is_no_crash(closed: int) -> None:
    done = run("check", "--format", "json", str(ERLANG), before=lambda: os.close(closed))
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["verdict"] == "findings"


# ---------------------------------------------------------------- equal input, equal bytes

SURROUNDINGS = [
    (["1", "forwards"], {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}),
    (
        ["3", "backwards"],
        {"PYTHONHASHSEED": "4242", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "HOME": "/nowhere"},
    ),
    (
        ["2", "forwards"],
        {"PYTHONHASHSEED": "7", "LC_ALL": "C", "LANG": "de_DE.UTF-8", "PYTHONUTF8": "1"},
    ),
]
"""Number of processes, order of the commands; environment. The encoding is the same: below are those
of people's formats that differ."""


@pytest.mark.slow
def test_the_same_bytes_whatever_is_around(tmp_path: Path) -> None:
    """Of every format of every command, in few processes."""
    traces = [
        str(ROOT / "samples" / f"{name}.strace") for name in ("python-threads-halves", "ssh-b-any")
    ]
    made = []
    for words, env in SURROUNDINGS:
        known = {**env, "XDG_CACHE_HOME": str(tmp_path / words[0])}
        done = subprocess.run(
            [sys.executable, "-m", "cli.every_form", *words, *traces], stdout=subprocess.PIPE,
            env=environment(**known, PYTHONPATH=os.pathsep.join(sys.path)), check=True, timeout=300,
        )  # fmt: skip
        made.append(json.loads(done.stdout))
    assert len(made[0]) > 35
    assert None not in made[0].values()
    assert made[1:] == [made[0]] * 2


HOSTILE_TO_ENCODINGS = """\
7 execve("/usr/bin/caf\\303\\251", ["caf\\303\\251"], 0x7ff /* 3 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 +++ exited with 0 +++
"""
FORMS = [(words.split(), form) for words, form in every_form.FORMS if form != "parquet"]
UNICODE = [{"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "1", "TZ": "Asia/Kathmandu"}]
PLAIN = [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "HOME": "/nowhere", "PYTHONHASHSEED": "7"}]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "form"), FORMS, ids=str)
def test_programs_get_the_same_bytes_in_every_locale_and_people_what_it_has(
    words: list[str], form: str, tmp_path: Path
) -> None:
    """What people read is ASCII where the locale's encoding is, and the same wherever the encoding
    is the same."""
    trace = tmp_path / "caf\u00e9 \u20ac"
    trace.write_text(HOSTILE_TO_ENCODINGS)
    given = [trace, trace] if words == ["compare"] else [trace]
    made = [
        [run(*words, "--format", form, *map(str, given), **env).stdout for env in group]
        for group in (UNICODE, PLAIN)
    ]
    (wide, also_wide), (narrow, also_narrow) = made
    assert len(wide) > 40
    assert wide == also_wide
    assert narrow == also_narrow
    if form in ("text", "concise"):
        assert narrow.isascii()
    else:
        assert narrow == wide


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_hyphen_is_standard_output(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made = []
    for output in ([], ["-o", "-"]):
        with ERLANG.open() as stream:  # --follow of a file by its name would not end
            monkeypatch.setattr("sys.stdin", stream)
            made.append((main([*words, *output, "-"]), capsys.readouterr().out))
    assert made[0] == made[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_empty_name_is_no_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "-o", "", str(ERLANG)]) == 2
    assert "names no file: it is empty" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("given", ["fam", "fam/trace"])
def test_a_report_is_not_named_as_a_file_of_the_family(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be read as one the next time."""
    monkeypatch.chdir(tmp_path)
    Path("fam").mkdir()
    for pid in (10, 11):
        Path(f"fam/trace.{pid}").write_text(EARLY_BIND)
    assert main(["check", "-o", "fam/trace.99999", given]) == 2
    assert "would be read as a file of the trace the next time" in capsys.readouterr().err
    assert sorted(path.name for path in Path("fam").iterdir()) == ["trace.10", "trace.11"]
    assert main(["check", "-o", "fam/trace.txt", given]) in (0, 1)
    assert main(["check", "-o", "trace.99999", given]) in (0, 1, 2)
    assert Path("trace.99999").exists()
