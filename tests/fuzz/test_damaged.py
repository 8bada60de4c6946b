"""A short round of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.run import check, given

from strace_analyzer.trace.prefilter import ahead


@pytest.mark.parametrize("seed", range(12))
def test_damaged_samples(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SMALLEST", 0)
    _, found = check(seed, [path for path in given() if path.parent.name == "samples"], tmp_path)
    assert found == []
