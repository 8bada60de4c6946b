"""Takes the current directory, gives what the configuration file says.

The file is `strace-analyzer.toml`, or `[tool.strace-analyzer]` of `pyproject.toml`, in the
current directory or the nearest directory above that has one. An unknown key is an error that
names the nearest known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.nearest import nearest

OWN_FILE = "strace-analyzer.toml"
SHARED_FILE = "pyproject.toml"
TABLE = "strace-analyzer"


class Configuration(NamedTuple):
    """What the file says; None and empty where it says nothing. `rules` are paths, seen from the
    file."""

    rule: tuple[str, ...] = ()
    level: str | None = None
    fail_on: tuple[str, ...] = ()
    port_range: str | None = None
    autobind_reuse: bool = False
    rules: tuple[str, ...] = ()


_LISTS = ("rule", "fail-on", "rules")
_STRINGS = ("level", "port-range")
_SWITCHES = ("autobind-reuse",)
KEYS = (*_LISTS, *_STRINGS, *_SWITCHES)


def configuration(directory: Path) -> Configuration:
    """The configuration in force in `directory`. Raises ConfigurationError for a file that is
    wrong."""
    for place in (directory, *directory.parents):
        own = place / OWN_FILE
        if own.is_file():
            return _checked(_loaded(own), own)
        shared = place / SHARED_FILE
        if shared.is_file() and TABLE.encode("ascii") in _bytes(shared):
            tables = _loaded(shared).get("tool", {})
            if TABLE in tables:
                return _checked(tables[TABLE], shared)
    return Configuration()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name}: {error.strerror}") from error


def _loaded(path: Path) -> dict[str, Any]:
    import tomllib  # only where something is written for us

    try:
        return tomllib.loads(_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name}: {error}") from error


def _checked(table: Mapping[str, Any], path: Path) -> Configuration:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigurationError(f"{path.name}: unknown key {key!r}{nearest(key, KEYS)}")
        values[key.replace("-", "_")] = _value(key, value, path)
    if "rules" in values:
        values["rules"] = tuple(str(path.parent / name) for name in values["rules"])
    return Configuration(**values)


def _value(key: str, value: object, path: Path) -> object:
    if key in _SWITCHES and isinstance(value, bool):
        return value
    if key in _STRINGS and isinstance(value, str):
        return value
    if key in _LISTS and isinstance(value, str):
        return (value,)
    if key in _LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    kind = "true or false" if key in _SWITCHES else "text" if key in _STRINGS else "a list of text"
    raise ConfigurationError(f"{path.name}: {key} must be {kind}")
