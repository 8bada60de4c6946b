"""The JSON schema of the report -> the page of the site that lists its fields, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from strace_analyzer.report.meaning import MEANING

HEAD = """# The JSON report

`--format json` gives everything as one object, `jsonl` its parts one a line. The schema is
[report-schema.json](report-schema.json); fields are added to it and never renamed or removed, or
`schema` gets another number. The tests validate every sample's report against it.
"""


def page(schema: Mapping[str, Any]) -> str:
    """The whole page: the report, then each object that occurs in it."""
    parts = [HEAD, *table("The report", schema)]
    for name, definition in schema["$defs"].items():
        if "properties" in definition:
            parts += table(name, definition)
    parts += explanations()
    return "\n".join(parts) + "\n"


def table(title: str, described: Mapping[str, Any]) -> Iterator[str]:
    """The fields of one object; of an object inside it, with a dot."""
    yield f"## {title}\n"
    if text := described.get("description"):
        yield f"{text}\n"
    yield "| field | type | |\n|---|---|---|"
    yield from rows("", described)
    yield ""


def explanations() -> Iterator[str]:
    """What the codes of failures mean, as the reports say it."""
    yield "## Explanations of failures\n"
    yield "What `explanation` of a [failure](#failure) can be; more can be added.\n"
    yield "| code | means |\n|---|---|"
    for code, meaning in MEANING.items():
        yield f"| `{code}` | {meaning or 'nothing that the error alone tells'} |"
    yield ""


def rows(prefix: str, described: Mapping[str, Any]) -> Iterator[str]:
    """A row a field."""
    for name, field in described["properties"].items():
        said = field.get("description", "").replace("|", "\\|")
        yield f"| `{prefix}{name}` | {kind(field)} | {said} |"
        if "properties" in field:
            yield from rows(f"{prefix}{name}.", field)


def kind(field: Mapping[str, Any]) -> str:
    """`string or null`, `list of` [finding](#finding), `"note", "warning"`."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`".replace("`None`", "null") for value in field["enum"])
    for word in ("oneOf", "anyOf"):
        if word in field:
            return " or ".join(map(kind, field[word]))
    types = field.get("type", "any")
    names = [types] if isinstance(types, str) else types
    return " or ".join(
        f"list of {kind(field['items'])}" if name == "array" and "items" in field else name
        for name in names
    )


if __name__ == "__main__":
    import json
    from pathlib import Path

    print(page(json.loads(Path(__file__).with_name("report-schema.json").read_text())), end="")
