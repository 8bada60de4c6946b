"""Where traces come from: patterns, compressed files by content, an object store that speaks S3."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.running import run
from fleet.many import ROOT, SAMPLES, written

import strace_analyzer.trace.input.content as content
from strace_analyzer.errors import TraceError
from strace_analyzer.fleet.cache import Cache
from strace_analyzer.fleet.engine import here
from strace_analyzer.fleet.fold import jobs_of, merged
from strace_analyzer.fleet.work import Judging, digest_of
from strace_analyzer.trace.reader import traces

ERLANG = next(path for path in SAMPLES if path.name.endswith("-yy-tt-T.strace"))


def zstd(data: bytes) -> bytes:
    compressed: bytes = pytest.importorskip("zstandard").ZstdCompressor().compress(data)
    return compressed


def lz4(data: bytes) -> bytes:
    compressed: bytes = pytest.importorskip("lz4.frame").compress(data)
    return compressed


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress, zstd, lz4])
@pytest.mark.parametrize("cut", [False, True])
def test_compressed_is_known_by_content(
    compress: Callable[[bytes], bytes], cut: bool, tmp_path: Path
) -> None:
    """Whatever its name; a file that was cut gives what comes before, and says so."""
    path = tmp_path / "trace"
    whole = compress(ERLANG.read_bytes() * 8)
    path.write_bytes(whole[: len(whole) * 3 // 4] if cut else whole)
    one = digest_of(traces([str(path)])[0], Judging())
    if not cut:
        assert one.lines == 8 * len(ERLANG.read_text().splitlines())
        assert one.refused is None
        return
    assert one.grounds.blind
    assert any("damaged" in remark.message for remark in one.remarks) or "damaged" in (
        one.refused or ""
    )


def test_lz4_without_its_library_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trace"
    path.write_bytes(lz4(ERLANG.read_bytes()))
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    one = digest_of(traces([str(path)])[0], Judging())
    assert one.refused == f"{path}: compressed with lz4: pip install 'strace-analyzer[fleet]'"


def test_zstd_without_program_or_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trace"
    path.write_bytes(zstd(ERLANG.read_bytes()))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setattr(content.shutil, "which", lambda name: None)
    assert "zstandard" in (digest_of(traces([str(path)])[0], Judging()).refused or "")


def test_urls_without_fsspec_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(TraceError, match=r"s3://b/x: URLs need fsspec: pip install .*\[fleet\]"):
        traces(["s3://b/x"])


def lay(place: Path) -> None:
    """Traces of two hosts: files, compressed ones, and an -ff family."""
    (place / "web1").mkdir(parents=True)
    shutil.copy(SAMPLES[0], place / "web1" / "a.strace")
    (place / "web1" / "b.strace.gz").write_bytes(gzip.compress(ERLANG.read_bytes()))
    family = ROOT / "samples" / "python-fork-family"
    shutil.copytree(family, place / "web2" / "family")


PATTERNS = {
    "*": ["web1/a.strace", "web1/b.strace.gz", "web2/family"],
    "**/*.strace*": ["web1/a.strace", "web1/b.strace.gz"],
    "web1/*": ["web1/a.strace", "web1/b.strace.gz"],
    "*/a.strace": ["web1/a.strace"],
    "web2/family/*": ["web2/family/family"],
}


def test_patterns_are_expanded_and_families_are_one_trace(tmp_path: Path) -> None:
    lay(tmp_path)
    members = sorted((tmp_path / "web2" / "family").iterdir())
    prefix = members[0].name.rpartition(".")[0]
    for pattern, names in PATTERNS.items():
        found = [
            trace.name.removeprefix(f"{tmp_path}/") for trace in traces([f"{tmp_path}/{pattern}"])
        ]
        assert found == [name.replace("family/family", f"family/{prefix}") for name in names], (
            pattern
        )
    with pytest.raises(TraceError, match=r"no such file"):
        traces([f"{tmp_path}/*.nothing"])


def test_a_file_that_is_named_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "trace[1].strace"
    shutil.copy(SAMPLES[0], path)
    (found,) = traces([str(path)])
    assert found.name == str(path)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An object store on loopback, which has the traces of `lay`."""
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    lay(tmp_path / "local")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    for name, value in {
        "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("fsspec.config.conf", {"s3": {"endpoint_url": f"http://127.0.0.1:{port}"}})
    store = s3fs.S3FileSystem(endpoint_url=f"http://127.0.0.1:{port}", skip_instance_cache=True)
    name = f"logs{port}"  # what moto holds outlives its servers
    store.mkdir(name)
    store.put(f"{tmp_path}/local/", f"{name}/", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()
    yield f"s3://{name}"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


ASKED = ("check", "--merged", "--format", "json")


def test_an_object_store_gives_the_report_of_the_same_files_on_disk(
    bucket: str, tmp_path: Path
) -> None:
    """Listed, as patterns and by name; in this process and in a pool; with a cache of its ETags."""
    local = traces([f"{tmp_path}/local"])
    expected = written(merged(jobs_of(local, "{parent}"), Judging(), here), "json")
    expected = expected.replace(f"{tmp_path}/local", bucket)
    there = traces([bucket])
    assert len(there) == 3
    found = merged(jobs_of(there, "{parent}"), Judging(), here)
    sizes = [
        f'"bytes": {made.total("bytes")}'
        for made in (found, merged(jobs_of(local, "{parent}"), Judging(), here))
    ]
    assert written(found, "json").replace(*sizes) == expected
    pool = run(*ASKED, "--jobs", "2", f"{bucket}/web1/*", f"{bucket}/web2/family", **os.environ)
    assert json.loads(pool.stdout)["summary"] == json.loads(written(found, "json"))["summary"]
    cached = Cache(tmp_path / "cache", Judging())
    for engine in (here, lambda jobs, judging, stopped: nobody(list(jobs))):
        again = merged(jobs_of(there, "{parent}"), Judging(), cached.known(engine))
        assert written(again, "json") == written(found, "json")


def nobody(jobs: list[object]) -> Iterator[tuple[object, object]]:
    """An engine that must have nothing to do."""
    assert jobs == []
    yield from ()


def test_what_is_not_in_the_store_is_said(bucket: str) -> None:
    with pytest.raises(TraceError, match=rf"{bucket}/gone: no such file"):
        traces([f"{bucket}/gone"])
    first, second = traces([f"{bucket}/gone", f"{bucket}/web1/a.strace"])
    assert "no such file" in (digest_of(first, Judging()).refused or "")
    assert digest_of(second, Judging()).refused is None
