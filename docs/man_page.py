"""The commands -> strace-analyzer(1), in the man macros, printed: `make generated` keeps it in
packaging/."""

from __future__ import annotations

import re
from collections.abc import Iterator

from command_line import TOOL, Command, Option, commands, remark, summary

FILES = (
    ("strace-analyzer.toml", "in the current directory or above: options that are always given"),
    (
        "$XDG_CACHE_HOME/strace-analyzer (~/.cache)",
        "what was learned of the shapes of lines; can be deleted at any time",
    ),
)
STATUS = (
    ("0", "nothing at or above the gate (--fail-on, by default warning)"),
    ("1", "something is"),
    ("2", "cannot judge: no such file, no trace, damaged, or its options hid bind() or connect()"),
    ("128+N", "signal N ended the reading, and nothing is at the gate"),
)
"""of every command but run, which has its program's"""


def page() -> str:
    """The whole page."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    """Its lines, section by section."""
    yield f'.TH {TOOL.upper()} 1 "" "{TOOL}" "User Commands"'
    yield from (".SH NAME", f"{TOOL} \\- {escaped(summary()[0].lower() + summary()[1:-1])}")
    yield ".SH SYNOPSIS"
    for command in commands():
        yield from (f".B {escaped(TOOL)}", escaped(command.synopsis), ".br")
    yield from (".SH DESCRIPTION", escaped(summary()), ".PP", escaped(remark()))
    yield ".SH COMMANDS"
    for command in commands():
        yield from described(command)
    yield ".SH EXIT STATUS"
    yield from listed(STATUS)
    yield ".PP"
    yield escaped("run ends with the status of its program, or 125 where it could not be started.")
    yield ".SH FILES"
    yield from listed(FILES)
    yield from (
        ".SH SEE ALSO",
        ".BR strace (1),",
        ".BR bind (2),",
        ".BR connect (2),",
        ".BR ip (7)",
    )


def described(command: Command) -> Iterator[str]:
    """One command: how it is called, what it does, its arguments and options."""
    yield f".SS {escaped(command.synopsis)}"
    for paragraph in (command.summary, *command.text):
        yield from (escaped(paragraph), ".PP")
    for option in (*command.arguments, *command.options):
        yield from tagged(option)


def tagged(option: Option) -> Iterator[str]:
    """A paragraph with the option's names in front."""
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in option.names)
    value = f"\\fI{escaped(option.value)}\\fR" if option.value else ""
    yield from (".TP", f"{names} {value}".strip())
    yield escaped(f"{option.help} Default: {option.default}." if option.default else option.help)


def listed(items: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Words, each with what it means."""
    for word, text in items:
        yield from (".TP", f"\\fB{escaped(word)}\\fR", escaped(text))


def escaped(text: str) -> str:
    """As roff has to have it: a hyphen that can be copied, no line that begins with a command."""
    found = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", found)


if __name__ == "__main__":
    print(page(), end="")
