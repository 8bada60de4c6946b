"""The suite runs if it can make network namespaces and has strace; otherwise it says what is
missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
from kernel.network import Network, network


@cache
def missing() -> str | None:
    """Return why this machine cannot run the suite; None if it can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    for tool in ("strace", "ip", "unshare", "nsenter", "sysctl"):
        if shutil.which(tool) is None:
            return f"needs {tool}"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        return "cannot make a network namespace here"
    traced = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True)
    return None if traced.returncode == 0 else "strace may not trace here"


@pytest.fixture
def net() -> Iterator[Network]:
    """A fresh pair of network namespaces."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with network() as made:
        yield made


@pytest.fixture
def kernel() -> str:
    """The kernel's name for failure messages, since kernels may differ."""
    return f"Linux {platform.release()}"
