"""Traces used by several modules, each taken once per module."""

from __future__ import annotations

from pathlib import Path

import pytest
from live.namespaces import asks, traced


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("said")


@pytest.fixture(scope="module")
def forty(folder: Path) -> Path:
    """Forty early binds to two ports, 10 ms apart."""
    return traced(folder, "forty", asks(40, 0.01, 8001, 8002))


@pytest.fixture(scope="module")
def one(folder: Path) -> Path:
    """Nine early binds to one port."""
    return traced(folder, "one", asks(9, 0, 8001))
