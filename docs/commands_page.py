"""The commands -> the page of the site that lists them with their options, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from command_line import TOOL, Command, Option, commands, remark, summary

CODE = "`"


def page() -> str:
    """The whole page."""
    parts = [f"# Commands\n\n{summary()}\n\n{remark(CODE)}\n"]
    parts += [f"- [{command.name}](#{command.name}): {command.summary}" for command in commands()]
    for command in commands():
        parts += ["", *section(command)]
    return "\n".join(parts) + "\n"


def section(command: Command) -> Iterator[str]:
    """One command: how it is called, what it does, its options by heading."""
    yield f"## {command.name}\n"
    yield f"```text\n{TOOL} {command.synopsis}\n```\n"
    yield "\n\n".join((command.summary, *command.text)) + "\n"
    for argument in command.arguments:
        yield f"`{argument.value}`: {argument.help}\n"
    for title, options in command.panels().items():
        yield f"**{title}**\n\n| option | |\n|---|---|"
        yield from map(row, options)
        yield ""


def row(option: Option) -> str:
    """A row of the table of options. Python-Markdown takes a `|` inside code as it is."""
    names = ", ".join(option.names)
    value = f" {option.value}" if option.value else ""
    said = f"{option.help} Default: {option.default}." if option.default else option.help
    return f"| `{names}{value}` | {said.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    print(page(), end="")
