"""Read a suppression file: known and accepted findings by fingerprint, each with a reason and
optionally a date on which the suppression ends.

    [[suppress]]
    fingerprint = "6d5c36d1e7a0a2f4"
    reason = "one connection a day: the port is not missed"
    expires = 2027-06-30
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import Group
from strace_analyzer.plain import count
from strace_analyzer.report.nearest import nearest

TABLE = "suppress"
_KEYS = ("fingerprint", "reason", "expires")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class Suppression(NamedTuple):
    """One entry of the file. `expires` is the last day on which it is valid; None for no end."""

    fingerprint: str
    reason: str
    expires: date | None = None

    def holds(self, today: date) -> bool:
        """Whether it has not expired."""
        return self.expires is None or today <= self.expires


class Suppressed(NamedTuple):
    """An entry, and the groups that it suppresses (none if it has expired)."""

    entry: Suppression
    groups: tuple[Group, ...]
    state: str
    """in-force, expired (it would suppress some), or unused (no group has this fingerprint)"""

    @property
    def findings(self) -> int:
        """Number of suppressed findings."""
        return sum(group.count for group in self.groups)

    def __str__(self) -> str:
        """Format `3 findings suppressed: one connection a day (6d5c36d1e7a0a2f4)`."""
        entry = self.entry
        match self.state:
            case "expired":
                what = f"a suppression has expired on {entry.expires}"
            case "unused":
                what = "a suppression fits nothing that was found"
            case _:
                what = f"{count(self.findings, 'finding')} suppressed"
        known = f" ({entry.fingerprint})" if entry.fingerprint else ""
        return f"{what}: {entry.reason}{known}"


def read(path: Path) -> tuple[Suppression, ...]:
    """Return the entries of the file. Raises ConfigurationError if it cannot be read or is
    invalid."""
    import tomllib  # needed only if there is a file

    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    for key in whole:
        if key != TABLE:
            raise ConfigurationError(f"{path}: unknown key {key!r}{nearest(key, (TABLE,))}")
    entries = whole.get(TABLE, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(f"{path}: write [[{TABLE}]] before each suppression")
    made = tuple(
        _entry(entry, f"{path}: suppression {number}") for number, entry in enumerate(entries, 1)
    )
    seen: set[str] = set()
    for entry in made:
        if entry.fingerprint in seen:
            raise ConfigurationError(f"{path}: {entry.fingerprint} is suppressed twice")
        seen.add(entry.fingerprint)
    return made


def _entry(said: Mapping[str, Any], where: str) -> Suppression:
    for key in said:
        if key not in _KEYS:
            raise ConfigurationError(f"{where}: unknown key {key!r}{nearest(key, _KEYS)}")
    fingerprint, reason, expires = (said.get(key) for key in _KEYS)
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise ConfigurationError(f"{where}: fingerprint must be the 16 digits of a group")
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigurationError(f"{where}: a reason is needed")
    if expires is not None and (isinstance(expires, datetime) or not isinstance(expires, date)):
        raise ConfigurationError(f"{where}: expires must be a date, such as 2027-06-30")
    return Suppression(fingerprint, " ".join(reason.split()), expires)


def applied(
    entries: Iterable[Suppression], groups: Iterable[Group], today: date
) -> tuple[Suppressed, ...]:
    """Return the effect of each entry on `groups` on this day."""
    by_fingerprint: dict[str, list[Group]] = {}
    for group in groups:
        by_fingerprint.setdefault(group.fingerprint, []).append(group)
    made = []
    for entry in entries:
        found = tuple(by_fingerprint.get(entry.fingerprint, ()))
        if not found:
            made.append(Suppressed(entry, (), "unused"))
        elif entry.holds(today):
            made.append(Suppressed(entry, found, "in-force"))
        else:
            made.append(Suppressed(entry, (), "expired"))
    return tuple(made)
