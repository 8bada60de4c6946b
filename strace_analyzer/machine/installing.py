"""Takes the name of a Python package that is missing, gives the command that installs it."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def to_install(package: str) -> str:
    """The command line that adds `package` to this program's environment: one made by pipx or uv, a
    Python that the system manages (PEP 668), or any other."""
    place = Path(sys.prefix)
    if place.parent.parts[-2:] == ("pipx", "venvs"):
        return f"pipx inject {place.name} {package}"
    if place.parent.parts[-2:] == ("uv", "tools"):
        return f"uv tool install --with {package} {place.name}"
    managed = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if sys.prefix == sys.base_prefix and managed.exists():
        return f"apt install python3-{package}, or its like of this system"
    return f"{sys.executable} -m pip install {package}"
