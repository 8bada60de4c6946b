"""The commands as typer knows them -> plain values: what the man page and docs/commands are made
of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import typer

from strace_analyzer.cli.app import app
from strace_analyzer.report.version import TOOL

MARKUP = re.compile(r"\[/?(?:bold)?\]")
FIRST = "Options"
"""the panel of options that name none"""


@dataclass(frozen=True)
class Option:
    """An option, `-o, --output` with `FILE`, or an argument, which has no names."""

    names: tuple[str, ...]
    value: str
    """What it takes, as the help page has it; empty for a flag."""
    help: str
    default: str
    """As the help page has it; empty where there is none to tell."""
    panel: str
    repeats: bool


@dataclass(frozen=True)
class Command:
    """A command with its arguments and options."""

    name: str
    summary: str
    """The first paragraph of its help."""
    text: tuple[str, ...]
    """The other paragraphs."""
    arguments: tuple[Option, ...]
    options: tuple[Option, ...]

    @property
    def synopsis(self) -> str:
        """`check [OPTIONS] [TRACE]...`"""
        words = [self.name, "[OPTIONS]"]
        for argument in self.arguments:
            word = argument.value
            words.append(f"{word}..." if argument.repeats else word)
        return " ".join(words)

    def panels(self) -> dict[str, list[Option]]:
        """Its options by the heading that they stand under on the help page."""
        found: dict[str, list[Option]] = {}
        for option in self.options:
            found.setdefault(option.panel, []).append(option)
        return found


def commands() -> list[Command]:
    """All of them, in the order of the help page."""
    return [_command(name, made) for name, made in _group().commands.items()]


def remark(mark: str = "") -> str:
    """The text below the list of commands; `mark` stands around what is bold in it."""
    return MARKUP.sub(mark, _group().epilog or "")


def summary() -> str:
    """What the program does, in a sentence."""
    return str(_group().help)


def _group() -> Any:
    return typer.main.get_command(app)


def _command(name: str, made: Any) -> Command:
    first, *others = (" ".join(part.split()) for part in str(made.help).split("\n\n"))
    params = [param for param in made.params if not param.hidden]
    return Command(
        name,
        first,
        tuple(others),
        tuple(_option(param) for param in params if param.param_type_name == "argument"),
        tuple(_option(param) for param in params if param.param_type_name == "option"),
    )


def _option(param: Any) -> Option:
    is_argument = param.param_type_name == "argument"
    value = "" if getattr(param, "is_flag", False) else param.metavar or param.name.upper()
    if is_argument and not param.required:
        value = f"[{value}]"
    default = param.show_default if isinstance(param.show_default, str) else param.default
    names = () if is_argument else tuple(sorted((*param.opts, *param.secondary_opts), key=len))
    return Option(
        names,
        value,
        " ".join(MARKUP.sub("", param.help or "").split()),
        "" if default in (None, False, True, ()) or callable(default) else str(default),
        getattr(param, "rich_help_panel", None) or FIRST,
        param.nargs == -1 or bool(getattr(param, "multiple", False)),
    )


__all__ = ["TOOL", "Command", "Option", "commands", "remark", "summary"]
