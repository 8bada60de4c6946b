"""What README and docs/ tell people to type works, and prints what they show.

In a ```console block a line that begins with `$ ` is a command; the lines below it, if any, are
what it prints (a line `...` stands for any lines). Commands run in the checkout, with `strace-
analyzer` on the PATH.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from strace_analyzer.rules import catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
INSTALLERS = ("git clone", "cd ", "pipx ", "make", ".ci/run")
"""commands that install or run everything: looked at, not run"""


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


RUN = [command for command in commands() if not command.command.startswith(INSTALLERS)]
LOOKED_AT = [command for command in commands() if command.command.startswith(INSTALLERS)]


def shown(command: Command) -> re.Pattern[str]:
    """What must be printed, `...` lines being anything."""
    lines = command.output.split("\n")
    return re.compile(
        "\n".join(".*" if line.strip() == "..." else re.escape(line) for line in lines), re.S
    )


@pytest.mark.live
@pytest.mark.parametrize("command", RUN, ids=lambda c: f"{c.page}: {c.command}")
def test_a_documented_command_runs_and_prints_what_is_shown(command: Command) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command.command],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr
    if command.output:
        assert shown(command).fullmatch((done.stdout + done.stderr).rstrip("\n")), done.stdout


@pytest.mark.parametrize("command", LOOKED_AT, ids=lambda c: f"{c.page}: {c.command}")
def test_make_targets_and_extras_exist(command: Command) -> None:
    if command.command.startswith("make "):
        done = subprocess.run(
            ["make", "-n", *shlex.split(command.command)[1:]], cwd=ROOT, capture_output=True
        )
        assert done.returncode == 0, done.stderr
    for extra in re.findall(r"\.\[([a-z,]+)\]", command.command):
        optional = (ROOT / "pyproject.toml").read_text().split("[project.optional-dependencies]")[1]
        assert all(f"\n{name} = [" in optional for name in extra.split(","))
    if command.command.startswith(".ci/run"):
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_quick_start_is_documented() -> None:
    readme = [command.command for command in commands() if command.page == "README.md"]
    assert {"make demo", "make test"} <= set(readme)
    assert any(command.startswith("pipx install") and "[fast]" in command for command in readme)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_inside_the_checkout_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_rules_page_is_fresh() -> None:
    """`make rules` writes it anew."""
    maker = [sys.executable, str(ROOT / "docs" / "rules_page.py")]
    made = subprocess.run(maker, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "RULES.md").read_text() == made
    assert made.count("\n## ") == len(catalogue())
