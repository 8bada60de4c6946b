"""Rules that are loaded: from files, from installed packages; and what is wrong with some."""

from __future__ import annotations

import os
from inspect import cleandoc
from pathlib import Path

import pytest
from cli.running import ROOT, run

from strace_analyzer.errors import RuleError
from strace_analyzer.rules.catalogue import built_in_rules, catalogue
from strace_analyzer.rules.load import installed_rules, rules_in, together

SECTIONS = "\n\n".join(
    f"    {heading}:\n        Words."
    for heading in (
        "What it flags",
        "Why it matters",
        "What to do instead",
        "When it is fine",
        "References",
    )
)


def source(
    name: str = "Own", id: str = 'id = "own-rule"', title: str = 'title = "of our own"'
) -> str:
    return cleandoc(
        f'''
from strace_analyzer import Rule


class {name}(Rule):
    """One line.

{SECTIONS}
    """

    {id}
    {title}

    def step(self, step):
        return ()
'''
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(source())
    return path


def test_a_file_gives_its_rules(own: Path) -> None:
    assert [rule.id for rule in rules_in(own)] == ["own-rule"]


def test_a_directory_gives_those_of_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text(source(id='id = "b"'))
    (tmp_path / "a.py").write_text(
        source("One", 'id = "a1"') + "\n\n\n" + source("Two", 'id = "a2"')
    )
    (tmp_path / "_part.py").write_text("raise ValueError")
    (tmp_path / "test_a.py").write_text("raise ValueError")
    (tmp_path / "notes.txt").write_text("not Python")
    assert [rule.id for rule in rules_in(tmp_path)] == ["a1", "a2", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "no rule in it (a class derived from strace_analyzer.Rule)"),
        ("class", "own.py:1: SyntaxError: invalid syntax"),
        ("x = 1\nimport no_such_module", "own.py: ModuleNotFoundError: No module named"),
        ("undefined", "own.py: NameError: name 'undefined' is not defined"),
        ("int('x')", "own.py: ValueError: invalid literal"),
        ("len()", "own.py: TypeError: len() takes exactly one argument"),
        ("''.no", "own.py: AttributeError:"),
        ("open('/none/such')", "own.py: FileNotFoundError"),
        (source(id=""), "own.py: Own has no id"),
        (source(id="id = 5"), "own.py: Own has no id"),
        (source(title=""), "own.py: Own has no title"),
        (
            source(id='id = "Own Rule"'),
            "the id 'Own Rule' is not lower-case words joined by hyphens",
        ),
        (
            source().replace("When it is fine:", "When:"),
            "own.py: Own: its docstring lacks the section 'When it is fine'",
        ),
    ],
)
def test_what_is_wrong_with_a_file(own: Path, text: str, said: str) -> None:
    own.write_text(text)
    with pytest.raises(RuleError) as error:
        rules_in(own)
    assert said in str(error.value)


def test_a_path_that_is_no_rule_file(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such file or directory"):
        rules_in(tmp_path / "none.py")
    (tmp_path / "rule.txt").write_text(source())
    with pytest.raises(RuleError, match="not a Python file"):
        rules_in(tmp_path / "rule.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuleError, match="no rule in it"):
        rules_in(tmp_path / "empty")


def install(directory: Path, entry: str, module: str = "own_rules") -> None:
    """What an installed package leaves behind: its module and its metadata."""
    (directory / f"{module}.py").write_text(source())
    info = directory / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[strace_analyzer.rules]\n{entry}\n")


@pytest.mark.parametrize("entry", ["own = own_rules", "own = own_rules:Own"])
def test_installed_packages_add_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    install(tmp_path, entry)
    monkeypatch.syspath_prepend(tmp_path)
    assert [rule.id for rule in installed_rules()] == ["own-rule"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("own = no_such_module", "entry point own (no_such_module): No module named"),
        ("own = own_rules:Other", "entry point own (own_rules:Other): module 'own_rules' has no"),
    ],
)
def test_an_entry_point_that_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, said: str
) -> None:
    install(tmp_path, entry)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuleError) as error:
        installed_rules()
    assert said in str(error.value)


def test_the_rule_of_an_installed_package_runs_with_the_others(tmp_path: Path) -> None:
    install(tmp_path, "own = own_rules")
    listed = run("rules", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert "own-rule" in listed.stdout
    assert "own-rule" not in run("rules").stdout


def test_no_package_adds_a_rule_here() -> None:
    assert installed_rules() == ()


def test_all_rules_stand_in_order_of_their_ids(own: Path) -> None:
    every = together(catalogue(), rules_in(own), built_in_rules())
    assert [rule.id for rule in every] == sorted([*(rule.id for rule in catalogue()), "own-rule"])


def test_two_rules_of_one_id(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(source())
    with pytest.raises(
        RuleError, match=r"two rules have the id 'own-rule': .*own\.Own, .*other\.Own"
    ):
        together(rules_in(own), rules_in(other))
