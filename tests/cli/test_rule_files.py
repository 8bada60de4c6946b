"""Rules of one's own: loaded from files, tested on their examples, reported when they raise."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cli.running import EARLY_BIND, run

RULE = '''
from strace_analyzer import Clean, Flagged, Rule


class Listener(Rule):
    """A socket listens.

    What it flags:
        Every successful listen().

    Why it matters:
        Somebody may connect.

    What to do instead:
        Nothing.

    When it is fine:
        Always.

    References:
        listen(2)
    """

    id = "listener"
    title = "a socket listens"

    def step(self, step):
        if step.role == "listen" and step.errno is None:
            yield self.finding(step, step.socket, at="listen")

    examples = (
        Flagged(
            "a server",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            listen(3, 5) = 0 #!
            """,
        ),
        Clean("a client", "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3"),
    )
'''
LISTENS = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nlisten(3, 5) = 0\nclose(3) = 0\n"


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    path = tmp_path / "listener.py"
    path.write_text(RULE)
    return path


def test_a_rule_file_joins_the_others(rule_file: Path) -> None:
    done = run("--rules", rule_file, "--format", "concise", given=LISTENS)
    assert done.stdout == "<stdin>:2: note: listener: process[?] fd 3\n"


def test_a_directory_of_rules_is_loaded(rule_file: Path) -> None:
    (rule_file.parent / "_helper.py").write_text("raise RuntimeError('not a rule file')")
    done = run("--rules", rule_file.parent, "--format", "concise", given=LISTENS)
    assert done.stdout == "<stdin>:2: note: listener: process[?] fd 3\n"


def test_a_rule_of_ones_own_has_documentation_too(rule_file: Path) -> None:
    assert "listener " in run("rules", "--rules", rule_file).stdout
    assert "\n  Somebody may connect.\n" in run("rule", "listener", "--rules", rule_file).stdout


def test_the_report_says_how_to_read_the_documentation(rule_file: Path, tmp_path: Path) -> None:
    """The command that it prints works as it stands, whether the rule was typed or configured."""
    place = tmp_path / "configured"
    place.mkdir()
    (place / "strace-analyzer.toml").write_text(f"rules = {str(rule_file.parent)!r}\n")
    command = f"strace-analyzer rule listener --rules {rule_file}"
    configured = ("--config", "strace-analyzer.toml")
    for words, directory in (("--rules", "listener.py"), tmp_path), (configured, place):
        done = run(*words, given=LISTENS, cwd=directory, COLUMNS="400")
        report = done.stdout.splitlines()
        why = next(line for line in report if line.startswith("Why: "))
        assert why.replace(" listener.py", f" {rule_file}") == f"Why: {command}"
        shown = run(*shlex.split(command)[1:], cwd=directory).stdout
        assert "\n  Somebody may connect.\n" in shown


def test_a_rule_file_is_tested_on_its_examples(rule_file: Path) -> None:
    done = run("rule", "--test", rule_file)
    assert (done.returncode, done.stdout) == (0, "listener: 2 examples, all as marked\n")


DISAGREES = """\
listener: 2 of 2 examples not as marked

a server
  a Flagged example marks at least one line with #!, a Clean one none
   1  socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
   2  listen(3, 5) = 0  <- a finding here, and it is not marked #!

a client
  a Flagged example marks at least one line with #!, a Clean one none
   1  socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3  <- no finding here, and it is marked #!
"""


def test_a_test_shows_exactly_where_it_disagrees(rule_file: Path) -> None:
    wrong = RULE.replace(" #!", "").replace('IPPROTO_IP) = 3"', 'IPPROTO_IP) = 3 #!"')
    rule_file.write_text(wrong)
    done = run("rule", "--test", rule_file)
    assert (done.returncode, done.stdout) == (1, DISAGREES)


def test_a_rule_that_raises_is_reported_and_the_others_go_on(rule_file: Path) -> None:
    rule_file.write_text(
        RULE.replace("        if step.role", "        1 / 0\n        if step.role")
    )
    done = run("--rules", rule_file, "--format", "concise", given=EARLY_BIND)
    assert done.returncode == 2
    assert "bind-any-port-zero" in done.stdout
    assert done.stderr == (
        "strace-analyzer: rule listener failed at <stdin>:1: ZeroDivisionError: division by zero\n"
    )


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html", "markdown", "junit"])
@pytest.mark.parametrize("word", ["summary", "why", "advice", "remark"])
def test_a_rule_whose_words_raise_costs_one_line(rule_file: Path, word: str, form: str) -> None:
    broken = f"    @classmethod\n    def {word}(cls, *asked):\n        return asked[0].nosuch\n\n"
    rule_file.write_text(RULE.replace("    def step", f"{broken}    def step"))
    done = run("--rules", rule_file, "--format", form, given=EARLY_BIND + LISTENS)
    assert done.returncode == 2
    assert done.stdout
    assert done.stderr.count("\n") == 1
    assert f"strace-analyzer: rule listener failed at <stdin>:7: {word}(): Attrib" in done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("listener", "Listener"), "the id 'Listener' is not lower-case words joined by hyphens"),
        (('    title = "a socket listens"', ""), "Listener has no title"),
        (("When it is fine:", "When:"), "its docstring lacks the section 'When it is fine'"),
        (("class Listener(Rule)", "class Listener"), "no rule in it"),
        (("def step", "def step("), "SyntaxError"),
        (("from strace_analyzer", "from strace_analyser"), "ModuleNotFoundError"),
        (('id = "listener"', 'id = "bind-any-port-zero"'), "two rules have the id"),
    ],
)
def test_what_is_wrong_with_a_rule_file_is_said(
    rule_file: Path, change: tuple[str, str], message: str
) -> None:
    rule_file.write_text(RULE.replace(*change))
    done = run("--rules", rule_file, given=LISTENS)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
