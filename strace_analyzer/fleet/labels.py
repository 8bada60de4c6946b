"""The path of a trace -> the host, or what else it is grouped by (`--label`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from strace_analyzer.errors import ConfigurationError

DEFAULT = "{parent}"
_FIELD = re.compile(r"\{(parent|name|stem|path)\}")
NONE = "-"
"""the label of what has none"""


def labeller(asked: str) -> Callable[[str], str]:
    """What gives the label of a path. `asked` is a template of {parent} (the directory that it
    lies in), {name}, {stem} (the name up to its first dot) and {path}, or a regular expression that
    is searched for in the path: the label is its first group, or all that it matched.

    Raises ConfigurationError if it is neither.
    """
    if _FIELD.search(asked):
        return lambda path: _filled(asked, path)
    try:
        found = re.compile(asked).search
    except re.error as error:
        raise ConfigurationError(f"--label {asked}: no regular expression: {error}") from error
    if re.fullmatch(r"[^{}]*\{\w+\}[^{}]*", asked):
        raise ConfigurationError(
            f"--label {asked}: there is {{parent}}, {{name}}, {{stem}}, {{path}}"
        )

    def label(path: str) -> str:
        match = found(path)
        if match is None:
            return NONE
        return next((group for group in match.groups() if group), match[0]) or NONE

    return label


def _filled(template: str, path: str) -> str:
    place = PurePosixPath(path.partition("://")[2] or path)
    values = {
        "parent": place.parent.name,
        "name": place.name,
        "stem": place.name.partition(".")[0],
        "path": path,
    }
    return _FIELD.sub(lambda match: values[match[1]], template) or NONE
