"""Takes a rule file or a directory of them, gives the rules in it; also the rules of installed
packages."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from strace_analyzer.errors import RuleError
from strace_analyzer.rules.catalogue import rules_of
from strace_analyzer.rules.rule import HEADINGS, Rule, sections

ENTRY_POINTS = "strace_analyzer.rules"
"""the entry-point group in which a package names its modules (or classes) of rules"""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def rules_in(path: Path) -> tuple[type[Rule], ...]:
    """The rules of a file, or of every .py file in a directory whose name does not begin with `_`
    or `test_`.

    Raises RuleError if there is no rule, or if one cannot be loaded or lacks something that a rule
    needs.
    """
    if not path.exists():
        raise RuleError(f"{path}: no such file or directory")
    files = [path]
    if path.is_dir():
        files = sorted(f for f in path.glob("*.py") if not f.name.startswith(("_", "test_")))
    found = [rule for file in files for rule in _rules_of_file(file)]
    if not found:
        raise RuleError(f"{path}: no rule in it (a class derived from strace_analyzer.Rule)")
    return tuple(found)


def installed_rules() -> tuple[type[Rule], ...]:
    """The rules of the entry-point group `strace_analyzer.rules`. Raises RuleError like
    `rules_in`."""
    if not _is_any_named():
        return ()
    from importlib.metadata import entry_points  # takes as long to load as a small trace to read

    found: list[type[Rule]] = []
    for point in entry_points(group=ENTRY_POINTS):
        try:
            loaded = point.load()
        except (ImportError, AttributeError) as error:
            raise RuleError(f"entry point {point.name} ({point.value}): {error}") from error
        rules = [loaded] if isinstance(loaded, type) else rules_of(vars(loaded))
        found += [_checked(rule, f"entry point {point.name}") for rule in rules]
    return tuple(found)


def _is_any_named() -> bool:
    """Whether a package on sys.path names the group (or is in an archive, and might)."""
    for place in map(Path, sys.path):
        files = [*place.glob("*.*-info/entry_points.txt"), place / "EGG-INFO" / "entry_points.txt"]
        if place.is_file() or any(_names_rules(file) for file in files):
            return True
    return False


def _names_rules(file: Path) -> bool:
    with suppress(OSError):
        return ENTRY_POINTS.encode("ascii") in file.read_bytes()
    return False


def together(*parts: Sequence[type[Rule]]) -> tuple[type[Rule], ...]:
    """All rules, ordered by id; a file that is named twice is loaded once.

    Raises RuleError if two rules have the same id.
    """
    every: dict[str, type[Rule]] = {}
    for rule in (rule for part in parts for rule in part):
        known = every.setdefault(rule.id, rule)
        if known is not rule and (rule.file is None or _place(known) != _place(rule)):
            raise RuleError(
                f"two rules have the id {rule.id!r}: {_where(every[rule.id])}, {_where(rule)}"
            )
    return tuple(sorted(every.values(), key=lambda rule: rule.id))


def _rules_of_file(file: Path) -> list[type[Rule]]:
    name = f"strace_analyzer_rules_{file.stem}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise RuleError(f"{file}: not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look up a class's module by name
    try:
        spec.loader.exec_module(module)
    except (
        OSError,
        SyntaxError,
        ImportError,
        AttributeError,
        NameError,
        TypeError,
        ValueError,
    ) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}:{line}" if line else str(file)
        raise RuleError(f"{where}: {type(error).__name__}: {error}") from error
    rules = [_checked(rule, str(file)) for rule in rules_of(vars(module))]
    for rule in rules:
        rule.file = str(file)
    return rules


def _checked(rule: type[Rule], where: str) -> type[Rule]:
    """`rule`, if it has an id, a title and the five sections. Raises RuleError saying what is
    missing."""
    name = f"{where}: {rule.__name__}"
    for attribute in ("id", "title"):
        if not isinstance(getattr(rule, attribute, None), str):
            raise RuleError(f"{name} has no {attribute}")
    if not _ID.fullmatch(rule.id):
        raise RuleError(f"{name}: the id {rule.id!r} is not lower-case words joined by hyphens")
    headings = [heading for heading, _ in sections(rule)]
    missing = [heading for heading in HEADINGS if heading not in headings]
    if missing:
        raise RuleError(f"{name}: its docstring lacks the section {missing[0]!r}")
    return rule


def _place(rule: type[Rule]) -> tuple[Path | None, str]:
    return None if rule.file is None else Path(rule.file).resolve(), rule.__name__


def _where(rule: type[Rule]) -> str:
    return f"{rule.__module__}.{rule.__name__}"
