"""What a package carries beside the program, used as it is installed: the man page, completion in the
real shells, the archive that is one file; and what is generated is fresh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
GENERATED = {
    "packaging/strace-analyzer.1": ["man_page.py"],
    "packaging/completion.bash": ["completion.py", "bash"],
    "packaging/completion.zsh": ["completion.py", "zsh"],
    "packaging/completion.fish": ["completion.py", "fish"],
}
"""file -> what prints it, in docs/; `make generated` writes them anew"""


def output(*command: str | Path, env: Mapping[str, str] | None = None, text: str = "") -> str:
    done = subprocess.run(
        [str(word) for word in command],
        input=text,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("file", GENERATED)
def test_what_is_generated_is_fresh(file: str) -> None:
    maker, *arguments = GENERATED[file]
    assert (ROOT / file).read_text() == output(sys.executable, ROOT / "docs" / maker, *arguments)


def test_make_lists_its_targets() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, re.M)
    listed = output("make", "-C", ROOT, "--no-print-directory")
    named = {word for line in listed.splitlines() for word in line.split("  ")[0].split()}
    assert set(phony.split()) - {"help"} <= named
    assert named - {"make"} <= set(phony.split())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix that the wheel is installed in, as pip does it."""
    made = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "-w", made, ROOT], check=True)
    prefix = tmp_path_factory.mktemp("prefix")
    wheel = next(made.glob("strace_analyzer-*.whl"))
    subprocess.run(
        [*PIP, "install", "--no-deps", "--ignore-installed", "--prefix", prefix, wheel], check=True
    )
    return prefix


@pytest.fixture(scope="module")
def environment(installed: Path) -> dict[str, str]:
    """With the installed program on the PATH, and nothing of whoever runs the tests."""
    (packages,) = installed.glob("lib/python*/site-packages")
    return {
        **os.environ,
        "PATH": f"{installed / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(packages),
        "HOME": str(installed),
        "XDG_CONFIG_HOME": str(installed / "config"),
        "XDG_DATA_HOME": str(installed / "data"),
        "TERM": "dumb",
    }


@pytest.mark.slow
def test_the_man_page_is_formatted_and_has_every_command(
    installed: Path, environment: dict[str, str]
) -> None:
    env = {**environment, "MANPATH": str(installed / "share" / "man"), "MANWIDTH": "100"}
    done = subprocess.run(
        ["man", "--warnings=w", "strace-analyzer"], env=env, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = re.sub(".\b", "", done.stdout)
    for command in re.findall(r"app\.command\(.*?\)\((\w+)\)", app_source()):
        assert re.search(rf"^ +{command} \[OPTIONS\]", page, re.M), command
    assert "--fail-on LEVEL|RULE|unknown|never" in page


def app_source() -> str:
    return (ROOT / "strace_analyzer" / "cli" / "app.py").read_text()


BASH = """
source "$1"
COMP_WORDS=("${@:2}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_strace_analyzer_completion strace-analyzer
# nothing found: `complete -o default` gives files
[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \\$fpath); autoload -Uz compinit; compinit -D -u; zle_highlight=(none); PS1='ready> '"
zpty -r shell seen '*ready> '
zpty -n -w shell "$2"$'\\t'
zpty -r shell seen "*$3 "
print -r -- $seen
"""
COMPLETED = [
    ("strace-analyzer soc", "sockets"),
    ("strace-analyzer --fail", "--fail-on"),
    ("strace-analyzer --format conc", "concise"),
    ("strace-analyzer --format=conc", "--format=concise"),
    ("strace-analyzer sockets --format=par", "--format=parquet"),
    ("strace-analyzer check --level warn", "warning"),
    ("strace-analyzer check --fail-on=unk", "--fail-on=unknown"),
    ("strace-analyzer --rule bind-any", "bind-any-port-zero"),
    ("strace-analyzer rule socket-l", "socket-leak"),
    ("strace-analyzer summary --by dest", "destination"),
    ("strace-analyzer tree --redact addr", "addresses"),
    ("strace-analyzer tree --redact=paths,comm", "--redact=paths,commands"),
    ("strace-analyzer strace_analyzer/exh", "strace_analyzer/exhaustion.py"),
    ("strace-analyzer check --config zen", "zensical.toml"),
]
"""what is typed -> what its last word becomes"""


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "completed"), COMPLETED)
@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_the_shells_complete(
    shell: str, typed: str, completed: str, installed: Path, environment: dict[str, str]
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    share = installed / "share"
    if shell == "bash":
        script = share / "bash-completion" / "completions" / "strace-analyzer"
        words = typed.replace("=", " = ").split()  # as bash splits them, COMP_WORDBREAKS having =
        found = output("bash", "-c", BASH, "bash", script, *words, env=environment).splitlines()
        completed = completed.rpartition("=")[2]
    elif shell == "fish":
        script = share / "fish" / "vendor_completions.d" / "strace-analyzer.fish"
        ask = f"source {script}; complete --do-complete '{typed}'"
        found = [
            line.split("\t")[0] for line in output("fish", "-c", ask, env=environment).splitlines()
        ]
    else:
        directory = share / "zsh" / "site-functions"
        last = completed.removeprefix(typed.split()[-1])
        seen = output("zsh", "-f", "-c", ZSH, "zsh", directory, typed, last, env=environment)
        found = [completed] if last in seen else []
    assert found == [completed]


@pytest.mark.slow
def test_zsh_shows_the_apostrophes_of_descriptions(
    installed: Path, environment: dict[str, str]
) -> None:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    directory = installed / "share" / "zsh" / "site-functions"
    typed = "strace-analyzer ru"  # run, rules, rule: they are listed
    seen = output("zsh", "-f", "-c", ZSH, "zsh", directory, typed, "documentation", env=environment)
    assert "Show one rule's documentation" in seen


@pytest.mark.slow
def test_the_archive_of_one_file_needs_python_alone(tmp_path: Path) -> None:
    """-I and -S: nothing that is installed on this machine is found."""
    subprocess.run(["make", "-C", ROOT, "zipapp"], check=True, capture_output=True)
    archive = shutil.copy(ROOT / "dist" / "strace-analyzer.pyz", tmp_path)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-I", "-S", archive, "--format", "concise", SAMPLE],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("bind-any-port-zero") == 40
    kept = list((tmp_path / ".cache" / "strace-analyzer").iterdir())
    assert kept  # what was learned, for the next time
