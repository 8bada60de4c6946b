"""Takes the current directory, or the file of `--config`, gives what the configuration says.

Without `--config` it is `strace-analyzer/strace-analyzer.toml` in the user's configuration
directory (XDG_CONFIG_HOME, ~/.config), and before it `strace-analyzer.toml`, or
`[tool.strace-analyzer]` of `pyproject.toml`, in the current directory or the nearest directory
above that has one. Who can write such a file where the user happens to be must not decide what
runs: a file that others can change is not used, and rules, which are Python, run only from the
user's own directory or from a file that was named. An unknown key is an error that names the
nearest known one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from strace_analyzer.cli.say import say
from strace_analyzer.cli.trust import distrust
from strace_analyzer.cli.values import Ports, ports
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.nearest import nearest

OWN_FILE = "strace-analyzer.toml"
SHARED_FILE = "pyproject.toml"
TABLE = "strace-analyzer"


class Configuration(NamedTuple):
    """What the file says; None and empty if it says nothing. `rules` are paths, seen from the
    file."""

    rule: tuple[str, ...] = ()
    level: str | None = None
    fail_on: tuple[str, ...] = ()
    port_range: Ports | None = None
    autobind_reuse: bool = False
    rules: tuple[Path, ...] = ()
    suppressions: Path | None = None


_LISTS = ("rule", "fail-on", "rules")
_STRINGS = ("level", "port-range", "suppressions")
_SWITCHES = ("autobind-reuse",)
KEYS = (*_LISTS, *_STRINGS, *_SWITCHES)


def configuration(directory: Path, named: Path | None = None) -> Configuration:
    """The configuration in force in `directory`: of the file `named`, if any, and of no other.

    What is found and not used is said on standard error. Raises ConfigurationError for a file that
    is wrong, and for one that was named and whose rules somebody else could have written.
    """
    if named is not None:
        chosen = _checked(_table(named) or {}, named)
        for path in (named, *chosen.rules):
            why = distrust(path) if chosen.rules and path.exists() else None
            if why is not None:
                raise ConfigurationError(f"{named}: its rules are not run: {why}")
        return chosen
    own = _user_file()
    in_force = Configuration()
    if own.is_file() and _is_trusted(own):
        in_force = _checked(_loaded(own), own)
        in_force = in_force._replace(rules=tuple(filter(_is_trusted, in_force.rules)))
    for path in _candidates(directory):
        if path == own or not _is_trusted(path):
            continue
        table = _table(path)
        if table is None:
            continue
        found = _checked(table, path)
        if found.rules:
            say([f"the rules of {path} are not run; to run them: --config {path}"])
        said = {
            name: value
            for name, value in found._asdict().items()
            if value != Configuration._field_defaults[name] and name != "rules"
        }
        return in_force._replace(**said)
    return in_force


def current_directory() -> Path:
    """Where configuration is looked for; `/` if the current directory has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def files_of(directory: Path, named: Path | None = None) -> Iterator[Path]:
    """The files that `configuration` reads and those that they name; of what is wrong in them it
    is `configuration` that speaks."""
    for path in [named] if named is not None else [_user_file(), *_candidates(directory)]:
        yield path
        with suppress(ConfigurationError):
            said = _checked(_table(path) or {}, path)
            yield from (*said.rules, *filter(None, [said.suppressions]))


def _user_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # to be ignored, says the XDG Base Directory Specification
        home = os.path.expanduser("~/.config")
    return Path(home, TABLE, OWN_FILE)


def _candidates(directory: Path) -> Iterator[Path]:
    """The files that are, or could be, a configuration: the nearest first."""
    for place in (directory, *directory.parents):
        for path in (place / OWN_FILE, place / SHARED_FILE):
            if path.is_file() and (path.name == OWN_FILE or _names_us(path)):
                yield path


def _names_us(path: Path) -> bool:
    try:
        return TABLE.encode("ascii") in path.read_bytes()
    except OSError:
        return False


def _is_trusted(path: Path) -> bool:
    """True if only the user and root can change it; else it is said."""
    why = distrust(path) if path.exists() else None
    if why is not None:
        say([f"{path} is not used: {why}"])
    return why is None


def _table(path: Path) -> Mapping[str, Any] | None:
    """What the file says; None for a pyproject.toml without a table for us."""
    if path.name != SHARED_FILE:
        return _loaded(path)
    tool: dict[str, Any] = _loaded(path).get("tool", {})
    return tool.get(TABLE)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


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
    if "port_range" in values:
        values["port_range"] = ports(values["port_range"])
    if "rules" in values:
        values["rules"] = tuple(path.parent / name for name in values["rules"])
    if "suppressions" in values:
        values["suppressions"] = path.parent / values["suppressions"]
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
