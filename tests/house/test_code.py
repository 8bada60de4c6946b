"""The source of the package, read: what stands in the house rules and no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from strace_analyzer.cli.app import app
from strace_analyzer.rules import catalogue

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted((ROOT / "strace_analyzer").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
LONG = 250
"""lines; the docstring of a longer file says why it is long"""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def called(node: ast.AST) -> set[str]:
    """Names called anywhere inside, `sys.exit` as printed."""
    return {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}


def test_every_module_says_what_it_takes_and_gives() -> None:
    silent = [name(path) for path in PACKAGE if not ast.get_docstring(tree(path))]
    assert silent == []


def test_a_long_file_says_why_it_is_long() -> None:
    unexplained = {
        name(path): lines
        for path in PACKAGE
        if (lines := len(path.read_text().splitlines())) > LONG
        and not re.search(r"\blong because\b", ast.get_docstring(tree(path)) or "")
    }
    assert unexplained == {}


def test_a_class_name_has_one_meaning() -> None:
    named = Counter(
        node.name
        for path in PACKAGE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, times in named.items() if times > 1] == []


def test_nothing_is_left_open() -> None:
    words = ("TODO", "FIXME", "XXX", "NotImplementedError", "TYPE_CHECKING")
    left = [
        f"{name(path)}: {word}" for path in PACKAGE for word in words if word in path.read_text()
    ]
    assert left == []


def test_no_exception_is_swallowed() -> None:
    broad = [
        f"{name(path)}:{node.lineno}"
        for path in PACKAGE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not isinstance(node.body[-1], ast.Raise)
    ]
    assert broad == []


def test_only_the_grammar_builds_parsers() -> None:
    builders = [name(path) for path in PACKAGE if {"Lark", "lark.Lark"} & called(tree(path))]
    assert builders == ["strace_analyzer/trace/learned/grammar.py"]


def test_one_file_uses_what_lark_does_not_document() -> None:
    internals = {
        *("lexer_conf", "lexer_thread", "lexers", "parser_state", "iter_parse", "feed_eof"),
        *("to_regexp", "terminals_by_name", "memo_serialize"),
    }
    users = {
        name(path)
        for path in PACKAGE
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in internals)
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lark."))
        or (isinstance(node, ast.Import) and node.names[0].name.startswith("lark."))
    }
    assert users == {"strace_analyzer/trace/learned/lark_internals.py"}


def test_the_annotations_of_commands_are_objects() -> None:
    """typer would evaluate the text of each four times, at every start: the files of the commands
    do without `from __future__ import annotations`."""
    hints = {
        f"{command.callback.__name__} {parameter}": hint
        for command in app.registered_commands
        if command.callback is not None
        for parameter, hint in command.callback.__annotations__.items()
    }
    assert "check traces" in hints
    assert [where for where, hint in hints.items() if isinstance(hint, str)] == []


def test_only_the_command_line_prints_or_exits() -> None:
    speakers = {
        name(path)
        for path in PACKAGE
        if {"print", "sys.exit", "exit", "quit", "os._exit"} & called(tree(path))
    }
    # forked.py ends the process that it has forked; starting.py is the command line as it is loaded
    allowed = {
        "strace_analyzer/__main__.py",
        "strace_analyzer/starting.py",
        "strace_analyzer/trace/prefilter/forked.py",
    }
    assert {s for s in speakers - allowed if not s.startswith("strace_analyzer/cli/")} == set()


def test_the_report_knows_no_rule() -> None:
    """What is said of a finding stands in its rule's file."""
    ids = [rule.id for rule in catalogue()]
    known = [
        f"{name(path)}: {id}"
        for path in PACKAGE
        if path.relative_to(ROOT / "strace_analyzer").parts[0] == "report"
        for id in ids
        if id in path.read_text()
    ]
    assert ids
    assert known == []


def test_a_rule_imports_no_other_rule() -> None:
    modules = {rule.__module__ for rule in catalogue()}
    for path in PACKAGE:
        module = name(path).removesuffix(".py").replace("/", ".")
        if module in modules:
            imported = {n.module for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom)}
            assert imported & modules == set(), name(path)


def functions_in(path: Path) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


EXPECTING = {"pytest.raises", "pytest.fail"}


def asserts(function: ast.AST, path: Path) -> bool:
    """True where it asserts, expects an exception, or calls a function of its module that does."""
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    if any(name in EXPECTING or name.endswith(".validate") for name in called(function)):
        return True
    helpers = {
        node.name: node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node is not function
    }
    return any(
        helper in called(function) and not helper.startswith("test_") and asserts(node, path)
        for helper, node in helpers.items()
    )


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_can_fail(path: Path) -> None:
    idle = [test.name for test in functions_in(path) if not asserts(test, path)]
    assert idle == []


def tracked() -> list[Path]:
    """The files of the checkout that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / file for file in listed.stdout.split("\0") if file and (ROOT / file).is_file()]


def test_no_path_of_this_machine_in_a_tracked_file() -> None:
    """Where the checkout stands is nobody's business; `/tmp` and the like are everybody's."""
    common = {"/", "/tmp", "/home", "/root", "/srv", "/usr", "/var"}
    places = {str(place) for place in (ROOT, ROOT.parent)} - common
    leaks = [
        name(path)
        for path in tracked()
        if any(f"{place}/".encode() in path.read_bytes() for place in places)
    ]
    assert leaks == []
