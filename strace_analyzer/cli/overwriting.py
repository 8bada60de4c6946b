"""Takes what a command was given, refuses to write over a file that it reads.

Of the traces only those are known here that are named as they are; the members of families and what
standard input is are known where the report is written (`output.destination`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strace_analyzer.errors import ConfigurationError

TRACE = "one of the traces"
WRITTEN = {"output": "-o", "save_trace": "--save-trace"}
READ = {
    "traces": TRACE,
    "before": TRACE,
    "after": TRACE,
    "baseline": "the file of --baseline",
    "suppressions": "the file of --suppressions",
    "rules": "a file of --rules",
    "config": "the file of --config",
    "ss": "the file of --ss",
    "files_from": "the file of --files-from",
    "scheduler": "the file of --scheduler",
    "program": "a file of the program that is to run",
}
"""the parameters whose values are files, by name; what it is called on the command line"""


def refuse_to_overwrite(given: Mapping[str, Any]) -> None:
    """Raises ConfigurationError if a file that is written is one that is read, under whatever
    name, or where two are written to one. `given` are the values of the parameters by name."""
    written = [(word, Path(given[name])) for name, word in WRITTEN.items() if given.get(name)]
    for at, (word, path) in enumerate(written):
        for other, beside in written[:at]:
            if path.resolve() == beside.resolve() or _is_same(path, beside):
                raise ConfigurationError(f"{path} is the file of {other} and of {word}")
        if path.is_file():
            for other, file in _files(given):
                if _is_same(path, file):
                    raise ConfigurationError(f"{path} is {other}: give {word} another name")


def _files(given: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Every file that is read, with where it was named."""
    for name, word in READ.items():
        value = given.get(name)
        values = value if isinstance(value, list | tuple) else [value]
        for path in (Path(one) for one in values if one):
            yield word, path
            yield from ((word, file) for file in path.glob("*.py") if name == "rules")
    if "config" in given:
        from strace_analyzer.cli.configuration import current_directory, files_of

        named = given["config"]
        for file in files_of(current_directory(), None if named is None else Path(named)):
            yield "a file of the configuration", file


def _is_same(one: Path, other: Path) -> bool:
    """They are one file that is there: hard links and symbolic ones are."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:  # there is no other
        return False
