"""Compressed traces that are cut: what can be read is reported, and that the end is missing."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
from cli.running import ERLANG, run

WHOLE = ERLANG.read_bytes()


def cut(path: Path, kept: float, compressed: bytes) -> Path:
    path.write_bytes(compressed[: int(len(compressed) * kept)])
    return path


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_what_comes_before_the_damage_is_reported(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    trace = cut(tmp_path / "trace", 0.95, compress(WHOLE))
    done = run(trace)
    assert done.returncode == 1
    assert done.stdout.startswith("warning: beam.smp (pid 4510) binds before connecting: ")
    assert "  Not known  the end is missing: " in " ".join(done.stdout.splitlines())
    (warning,) = json.loads(run(trace, "--format", "json").stdout)["warnings"]
    assert (warning["code"], warning["effect"], warning["count"]) == ("damaged", "may-miss", 1)
    assert warning["message"].startswith(f"the end is missing: {trace}: damaged compressed data (")


def test_a_beginning_without_findings_proves_nothing(tmp_path: Path) -> None:
    done = run(cut(tmp_path / "trace.gz", 0.2, gzip.compress(WHOLE)))
    assert done.returncode == 2
    assert done.stdout.startswith("inconclusive: the end of this trace is missing; nothing can be")
    assert "Take it again" not in done.stdout
    assert run(tmp_path / "trace.gz", "--strict").stdout.startswith("inconclusive: ")


@pytest.mark.parametrize("kept", [0.02, 0.0005])
def test_damage_before_anything_could_be_read_is_an_error(tmp_path: Path, kept: float) -> None:
    trace = cut(tmp_path / "trace.bz2", kept, bz2.compress(WHOLE))
    done = run(trace)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"strace-analyzer: {trace}: damaged compressed data (")


def test_a_damaged_file_of_a_family_leaves_the_others_whole(tmp_path: Path) -> None:
    lines = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nclose(3) = 0\n"
    (tmp_path / "t.7").write_text(lines)
    cut(tmp_path / "t.8", 0.8, gzip.compress((lines * 20000).encode()))
    (trace,) = json.loads(run(tmp_path / "t", "--format", "json").stdout)["traces"]
    whole, damaged = trace["sources"]
    assert whole["lines"] == 2
    assert 0 < damaged["lines"] < 40000
    (warning,) = json.loads(run(tmp_path / "t", "--format", "json").stdout)["warnings"]
    assert f"{tmp_path / 't.8'}: damaged" in warning["message"]
