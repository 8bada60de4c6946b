"""What the documents tell people to type works, and prints what they show.

In a ```console block a line that begins with `$ ` is a command; the lines below it, if any, are
what it prints (a line `...` stands for any lines). Commands run in the checkout, with `strace-
analyzer` on the PATH, what they write to /tmp in a directory of the test's own: commands of a page
that name the same file there are one test, in their order, and depend on no other. What cannot run here, with a PID or a container that only the reader has,
stands in other blocks or in the text: of it the options are checked, and the syntax of the shell.

It is long because what the pages say is checked in one place: commands, options, links, names.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from strace_analyzer.cli.app import app
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.report.formats.registry import report_formats
from strace_analyzer.report.version import TOOL
from strace_analyzer.rules import catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    ROOT / "samples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LOOKED_AT_ONLY = ("git clone", "cd ", "make", ".ci/run")
"""commands that fetch or run everything: looked at, not run"""
INSTALLERS = ("pipx ", "uvx ")
"""commands that install for the user: run with a home of their own"""
SHELL_BLOCK = re.compile(r"^```(?:sh|shell|bash)\n(.*?)^```", re.M | re.S)
SCRATCH = re.compile(r"/tmp/[\w.-]+")
CALL = re.compile(rf"(?<![-\w]){TOOL}(?![-\w])(?: +(?:'[^']*'|\"[^\"]*\"|[^\s`|;&<>()\"']+))*")
"""a command line of ours, up to what ends a command in a shell"""
SITE = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]


class Command(NamedTuple):
    page: str
    command: str
    output: str


def commands() -> list[Command]:
    found = []
    for page in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.M | re.S):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                found.append(Command(page.name, command, output.rstrip("\n")))
    return found


def chains(found: list[Command]) -> list[list[Command]]:
    """Commands of one page that name the same files in /tmp, each chain in the page's order."""
    made: list[tuple[str, set[str], list[Command]]] = []
    for command in found:
        files = set(SCRATCH.findall(command.command))
        mine = [chain for chain in made if chain[0] == command.page and chain[1] & files]
        made = [chain for chain in made if chain not in mine]
        for _, others, _ in mine:
            files |= others
        before = [earlier for _, _, some in mine for earlier in some]
        made.append((command.page, files, [*before, command]))
    return [some for _, _, some in made]


RUN = [
    command
    for command in commands()
    if not command.command.startswith((*LOOKED_AT_ONLY, *INSTALLERS))
]
RUN_TOGETHER = chains(RUN)
LOOKED_AT = [command for command in commands() if command.command.startswith(LOOKED_AT_ONLY)]
INSTALLING = [command for command in commands() if command.command.startswith(INSTALLERS)]


def test_commands_that_name_the_same_files_of_a_page_are_one_chain() -> None:
    a, b, c, d, e = (
        Command(page, words, "")
        for page, words in (
            ("p", "x > /tmp/1"),
            ("p", "y > /tmp/2"),
            ("q", "z < /tmp/1"),
            ("p", "w"),
            ("p", "cat /tmp/2 '/tmp/1'"),
        )
    )
    assert chains([a, b, c, d, e]) == [[c], [d], [a, b, e]]
    assert chains(RUN) == RUN_TOGETHER
    assert sorted(len(chain) for chain in RUN_TOGETHER)[-3:] == [2, 2, 2]


def shown(command: Command) -> re.Pattern[str]:
    """What must be printed, `...` lines being anything."""
    lines = command.output.split("\n")
    return re.compile(
        "\n".join(".*" if line.strip() == "..." else re.escape(line) for line in lines), re.S
    )


@pytest.mark.live
@pytest.mark.parametrize(
    "chain", RUN_TOGETHER, ids=lambda chain: f"{chain[0].page}: {chain[0].command}"
)
def test_documented_commands_run_and_print_what_is_shown(
    chain: list[Command], tmp_path: Path
) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in chain:
        done = subprocess.run(
            ["bash", "-c", command.command.replace("/tmp/", f"{tmp_path}/")],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode in (0, 1), done.stderr
        if command.output:
            printed = (done.stdout + done.stderr).rstrip("\n").replace(f"{tmp_path}/", "/tmp/")
            assert shown(command).fullmatch(printed), printed


@pytest.mark.parametrize("command", LOOKED_AT, ids=lambda c: f"{c.page}: {c.command}")
def test_make_targets_exist(command: Command) -> None:
    if command.command.startswith("make "):
        done = subprocess.run(
            ["make", "-n", *shlex.split(command.command)[1:]], cwd=ROOT, capture_output=True
        )
        assert done.returncode == 0, done.stderr
    if command.command.startswith(".ci/run"):
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_quick_start_works_in_a_fresh_checkout(tmp_path: Path) -> None:
    """`make demo`, with nothing but Python, make and what git has; the report is the tutorial's."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if files.returncode:
        pytest.skip("this is no checkout")
    checkout = tmp_path / "checkout"
    for name in files.stdout.split("\0"):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    done = subprocess.run(
        ["make", "--no-print-directory", "demo", f"PYTHON={sys.executable}"],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "PIP_NO_COMPILE": "1"},  # it takes most of the time
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    headlines = {
        command.output.splitlines()[0]
        for command in RUN
        if command.page == "tutorial.md" and command.output.startswith("warning: ")
    }
    assert headlines == {line for line in done.stdout.splitlines() if line.startswith("warning: ")}
    assert done.stdout.rstrip().endswith("(exit status 1)")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", INSTALLING, ids=lambda c: f"{c.page}: {c.command}")
def test_a_documented_installation_works(command: Command, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = f"{command.command}\n"
    if command.command.startswith("pipx"):
        script += "~/.local/bin/strace-analyzer --version\n"
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path), "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    scanner = "scanning with Hyperscan" if "[fast" in command.command else "scanning with Python"
    assert done.stdout.splitlines()[-1].startswith("strace-analyzer 0."), done.stdout
    assert scanner in done.stdout.splitlines()[-1]


def test_the_quick_start_is_documented() -> None:
    readme = [command.command for command in commands() if command.page == "README.md"]
    assert {"make demo", "make test"} <= set(readme)
    assert any(command.startswith("pipx install") and "[fast" in command for command in readme)


def calls(page: Path) -> list[list[str]]:
    """Every command line of ours on a page, in a block or in the text, that gives an option."""
    code = re.findall(r"^```\w*\n(.*?)^```|^ {4}(\S.*)$|`([^`\n]+)`", page.read_text(), re.M | re.S)
    lines = "\n".join(part for found in code for part in found).replace("\\|", "|").splitlines()
    return [shlex.split(call) for line in lines for call in CALL.findall(line) if " -" in call]


def options_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that is meant, and the options that are given to it, not to the traced program."""
    group: Any = typer.main.get_command(app)
    first, *rest = words
    if first not in group.commands:
        return group.commands["check"], words
    if first == "run":  # what follows the program is the program's
        own = [word for word in rest if word.startswith("-")]
        rest = own[: own.index("--")] if "--" in own else own[:1]
    return group.commands[first], rest[: rest.index("--")] if "--" in rest else rest


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_option_that_a_page_shows_exists(page: Path) -> None:
    unknown = []
    for words in calls(page):
        command, given = options_of(words[1:])
        params = [*command.params, *typer.main.get_command(app).params]
        known = {name for param in params for name in param.opts} | {"--help", "-h"}
        names = {word.partition("=")[0] for word in given if re.match(r"--?[a-zA-Z]", word)}
        if names - known:
            unknown.append(f"{shlex.join(words)}: {names - known}")
    assert unknown == []


def test_options_are_found_in_blocks_and_in_the_text() -> None:
    named = {tuple(words) for page in PAGES for words in calls(page)}
    assert (TOOL, "attach", "PID", "--for", "30s") in named  # a table of README
    assert (TOOL, "run", "--save-trace", "trace.txt", "--", "./integration-tests") in named
    assert len(named) > 25


SHELL = [(page, block) for page in PAGES for block in SHELL_BLOCK.findall(page.read_text())]


@pytest.mark.parametrize(
    ("page", "block"), SHELL, ids=[f"{page.name}: {block[:40]!r}" for page, block in SHELL]
)
def test_what_only_the_reader_can_run_is_a_shell_command(page: Path, block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), page


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_inside_the_checkout_lead_somewhere(page: Path) -> None:
    """`make docs` checks the anchors too."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def places(nav: list[Any]) -> set[str]:
    """The pages in a tree of `{title: page}` and `{title: tree}`."""
    values = [value for entry in nav for value in entry.values()]
    inner = [value for value in values if isinstance(value, list)]
    return {value for value in values if isinstance(value, str)}.union(*map(places, inner))


def test_the_site_leads_to_every_page() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("[a-z]*.md")}
    made = {"rules.md", "commands.md", "schema.md"}
    copied = {"index.md", "contributing.md", "changelog.md", "security.md", "samples.md"}
    assert places(SITE["nav"]) == pages | made | copied


def test_the_rules_page_is_fresh() -> None:
    """`make rules` writes it anew."""
    maker = [sys.executable, str(ROOT / "docs" / "rules_page.py")]
    made = subprocess.run(maker, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "RULES.md").read_text() == made
    assert made.count("\n## ") == len(catalogue())


def test_the_picture_is_fresh() -> None:
    """`make cast` draws it anew."""
    maker = [sys.executable, str(ROOT / "docs" / "cast.py")]
    made = subprocess.run(maker, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "report.svg").read_text() == made


def test_every_format_has_a_section_with_an_example_that_runs() -> None:
    page = (ROOT / "docs" / "formats.md").read_text()
    sections = dict(
        re.findall(r"^##? (?:--)?([a-z-]+)[^\n]*\n(.*?)(?=^##? |\Z)", page, re.M | re.S)
    )
    for name in report_formats():
        (example,) = re.findall(r"^```console\n\$ (.*?)$", sections[name], re.M)[:1]
        assert name == DEFAULT or f"--format {name}" in example
