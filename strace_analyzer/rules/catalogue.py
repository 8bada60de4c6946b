"""Finds the rules: every module of this package that defines one, ordered by id."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from strace_analyzer.rules.rule import Rule


@cache
def built_in_rules() -> tuple[type[Rule], ...]:
    """The rules of this package."""
    package = import_module("strace_analyzer.rules")
    names = [info.name for info in iter_modules(package.__path__)]
    found = [
        rule
        for name in names
        for rule in rules_of(import_module(f"strace_analyzer.rules.{name}").__dict__)
    ]
    return tuple(sorted(found, key=lambda rule: rule.id))


def rules_of(names: dict[str, object]) -> list[type[Rule]]:
    """The rules that a module defines itself, among its `names`."""
    return [
        item
        for item in names.values()
        if isinstance(item, type)
        and issubclass(item, Rule)
        and item is not Rule
        and item.__module__ == names.get("__name__")
    ]


def catalogue() -> tuple[type[Rule], ...]:
    """All rules, ordered by id."""
    return built_in_rules()
