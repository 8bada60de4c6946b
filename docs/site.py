"""The documents of the checkout -> the sources of the site, in build/docs: `make docs` builds them.

The pages are read in two places: in the checkout, where links lead to files, and on the site, which
has pages only. So each page is copied with its links changed, and the parts that are made from the
code are added: the rules, the commands, the Python API, the JSON schema. Other files of the
checkout that a page links to stand beside the pages. Raises FileNotFoundError where a link leads to
no file.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from pathlib import Path

import commands_page
import schema_page

import strace_analyzer as sa

ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / "build" / "docs"
PAGES = {
    "README.md": "index.md",
    "docs/README.md": "contents.md",
    "RULES.md": "rules.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "samples/README.md": "samples.md",
    **{f"docs/{page.name}": page.name for page in sorted(ROOT.glob("docs/[a-z]*.md"))},
}
"""file of the checkout -> page of the site"""
LINK = re.compile(r"(?<!`)(\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?(\))")
LAZY = {
    "frames": "strace_analyzer.report.frames",
    "events": "strace_analyzer.report.events.python",
    **dict.fromkeys(("Argument", "EventRow", "StackFrame"), "strace_analyzer.report.events.row"),
}
"""public names that are loaded when they are asked for -> where they are"""


def main() -> None:
    """Writes build/docs anew."""
    shutil.rmtree(INTO, ignore_errors=True)
    INTO.mkdir(parents=True)
    for file, page in PAGES.items():
        (INTO / page).write_text(relinked(file, (ROOT / file).read_text()))
    with (INTO / "api.md").open("a") as stream:
        stream.write(api())
    schema = json.loads((ROOT / "docs" / "report-schema.json").read_text())
    (INTO / "schema.md").write_text(relinked("docs/schema.md", schema_page.page(schema)))
    (INTO / "commands.md").write_text(commands_page.page())


def relinked(file: str, text: str) -> str:
    """The text of `file` with its links as they must be on the site, to where those files are."""

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), match[2]))
        page = PAGES.get(target)
        if page is None:
            page = Path(shutil.copy(ROOT / target, INTO)).name
        return f"{match[1]}{page}{match[3] or ''}{match[4]}"

    return LINK.sub(link, text)


def api() -> str:
    """A reference of everything in `__all__`, for mkdocstrings."""
    names = sorted(sa.__all__, key=lambda name: (name[0].isupper(), name))
    paths = (f"{LAZY.get(name, 'strace_analyzer')}.{name}" for name in names)
    return "\n## Reference\n\n" + "\n".join(f"::: {path}\n" for path in paths)


if __name__ == "__main__":
    main()
