"""Takes a path, gives why what is there might not be the user's word: who else can change it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40
"""as many symbolic links as path_resolution(7) follows"""


def distrust(path: Path) -> str | None:
    """Who but the user and root could have written `path`, or put it there: `/tmp/a belongs to
    nobody`, `others can write to /srv`. None if nobody could.

    Each directory on the way counts, and each symbolic link. In a sticky directory (/tmp) nobody
    can replace what is another's; whose that is, the next step asks.
    """
    for place, facts in _way(path):
        if facts.st_uid not in (0, os.geteuid()):
            return f"{place} belongs to {_user(facts.st_uid)}"
        is_sticky = stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX
        if not stat.S_ISLNK(facts.st_mode) and not is_sticky and _is_shared(facts):
            return f"others can write to {place}"
    return None


def _way(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """From / to the file, what lstat(2) says of each step; a link is followed step by step."""
    here, links = "/", 0
    rest = list(Path(os.path.abspath(path)).parts[1:])
    yield here, os.lstat(here)
    while rest:
        step = os.path.normpath(os.path.join(here, rest.pop(0)))
        facts = os.lstat(step)
        yield step, facts
        if not stat.S_ISLNK(facts.st_mode):
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            return
        target = Path(os.readlink(step))
        here = "/" if target.is_absolute() else here
        rest = [part for part in target.parts if part != "/"] + rest


def _is_shared(facts: os.stat_result) -> bool:
    """Others may write. A group that is the owner's alone (useradd(8), USERGROUPS_ENAB) is no
    other."""
    if facts.st_mode & stat.S_IWOTH:
        return True
    return bool(facts.st_mode & stat.S_IWGRP) and not _is_of_one(facts.st_gid, facts.st_uid)


def _is_of_one(gid: int, uid: int) -> bool:
    try:
        group, owner = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    return group.gr_name == owner.pw_name and set(group.gr_mem) <= {owner.pw_name}


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
