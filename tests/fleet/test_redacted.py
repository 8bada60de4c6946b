"""`check --merged --redact`: nothing of what it names is left in the report of many traces, and the
same value has the same token in all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet

from strace_analyzer.cli import main
from strace_analyzer.report.formats.registry import merged_formats
from strace_analyzer.report.redaction import KINDS

HOSTS = ("zqweb1", "zqweb2")
PEER = "203.0.113.7"
TRACE = """\
{pid} execve("/opt/zqvendor/zq{program}", ["zq{program}", "--token=zqsecret"], 0x7ffd /* 9 vars */) = 0
{pid} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
{pid} bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0
{pid} connect(3, {{sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("{peer}")}}, 16) = 0
{pid} sendto(3, "zqpayload", 9, 0, NULL, 0) = 9
{pid} close(3) = 0
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two hosts with two traces each, of the same program and destination, and one of another; and
    a file that is no trace."""
    place = tmp_path / "zqlogs"
    for at, host in enumerate(HOSTS):
        (place / host).mkdir(parents=True)
        for number in (1, 2):
            text = TRACE.format(pid=10 * at + number, program="crawler", peer=PEER)
            (place / host / f"zq2026112{number}.strace").write_text(text)
    other = TRACE.format(pid=9, program="indexer", peer="198.51.100.9")
    (place / HOSTS[1] / "zqother.strace").write_text(other)
    (place / HOSTS[1] / "zqnotes.strace").write_text("zqword zqword\n")
    return place


def said(logs: Path, form: str, kinds: str, *more: str) -> str:
    out = logs.parent / f"out.{form}"
    words = ["--format", form, "-o", str(out), *more, str(logs)]
    hiding = ["--redact", kinds] if kinds else []
    assert main(["check", "--merged", *hiding, *words]) in (1, 2)
    if form == "parquet":
        return json.dumps(parquet.read_table(out).to_pylist())
    return out.read_text()


@pytest.mark.parametrize("form", merged_formats())
def test_nothing_is_left(form: str, logs: Path) -> None:
    plain = said(logs, form, "")
    assert "zqcrawler" in plain
    assert HOSTS[0] in plain
    report = (
        said(logs, form, ",".join(KINDS), "--all")
        if form == "text"
        else said(logs, form, ",".join(KINDS))
    )
    assert "zq" not in report
    assert PEER not in report
    assert "198.51.100.9" not in report
    assert "cmd-1" in report


def strings(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for value in said.values():
            yield from strings(value)
    elif isinstance(said, list):
        for value in said:
            yield from strings(value)


def test_a_value_has_one_token_in_all_of_it(logs: Path) -> None:
    report = json.loads(said(logs, "json", ",".join(KINDS)))
    assert report["redacted"] == list(KINDS)
    assert [row["program"] for row in report["programs"]] == ["cmd-1", "cmd-2"]
    assert [row["traces"] for row in report["programs"]] == [4, 1]
    assert [(row["address"], row["connections"]) for row in report["destinations"]] == [
        ("addr-1", 4),
        ("addr-2", 1),
    ]
    assert {row["host"] for row in report["hosts"]} == {"host-1", "host-2"}
    (crawler,) = (row for row in report["causes"] if row["program"] == "cmd-1")
    assert crawler["destinations"] == "addr-1:443 (4)"
    assert all("addr-2" not in text for text in strings(crawler))


def test_what_is_counted_is_the_same(logs: Path) -> None:
    plain, hidden = (json.loads(said(logs, "json", kinds)) for kinds in ("", ",".join(KINDS)))
    assert hidden["summary"] == plain["summary"]
    assert plain["redacted"] == []
    assert [row["day"] for row in hidden["days"]] == [row["day"] for row in plain["days"]]
    for table in ("hosts", "programs", "causes", "destinations", "traces", "failures"):
        for was, now in zip(plain[table], hidden[table], strict=True):
            figures = {key: value for key, value in was.items() if isinstance(value, int)}
            assert {key: now[key] for key in figures} == figures


def test_it_does_not_depend_on_how_the_work_was_split(logs: Path) -> None:
    alone = said(logs, "json", ",".join(KINDS), "--jobs", "1")
    assert said(logs, "json", ",".join(KINDS), "--jobs", "2") == alone


@pytest.mark.parametrize(
    ("kind", "gone", "kept"),
    [
        ("addresses", (PEER, "198.51.100.9"), ("zqcrawler", *HOSTS)),
        ("paths", ("zqlogs", "zq2026", *HOSTS), ("zqcrawler", PEER)),
        ("commands", ("zqcrawler",), (PEER, *HOSTS)),
    ],
)
def test_only_what_is_asked_for_goes(
    kind: str, gone: tuple[str, ...], kept: tuple[str, ...], logs: Path
) -> None:
    report = json.loads(said(logs, "json", kind))
    del report["tool"]
    names = json.dumps([report[table] for table in ("hosts", "programs", "destinations", "causes")])
    assert [word for word in gone if word in names] == []
    assert [word for word in kept if word not in names] == []


def test_a_cached_digest_is_as_hidden(logs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = said(logs, "json", ",".join(KINDS), "--cache", str(cache))
    assert said(logs, "json", ",".join(KINDS), "--cache", str(cache)) == first
    assert "zqcrawler" in said(logs, "json", "", "--cache", str(cache))
