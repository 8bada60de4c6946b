"""The rules of the Trace Event Format: slices of a thread nest, async spans are in pairs, times are
numbers from the beginning, counters are of one process."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.written import written

import strace_analyzer as sa
from strace_analyzer.findings import CallRecord
from strace_analyzer.report.formats import trace_events

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
ERLANG = next(path for path in SAMPLES if path.name == "erlang23-inets-httpc-40req-yy-tt-T.strace")

Event = dict[str, Any]


def events_of(made: sa.Analysis) -> list[Event]:
    return json.loads(written("trace-events", made))["traceEvents"]


def overlaps(slices: list[Event]) -> list[Event]:
    """Those that begin within another of their thread and end after it."""
    wrong = []
    ends: list[float] = []
    for event in slices:
        end = round(event["ts"] + event["dur"], 3)
        while ends and event["ts"] >= ends[-1]:
            ends.pop()
        if ends and end > ends[-1]:
            wrong.append(event)
        ends.append(end)
    return wrong


def check(events: list[Event]) -> None:
    threads: dict[tuple[int, int], list[Event]] = {}
    open_spans: Counter[tuple[int, str, str]] = Counter()
    for event in sorted(
        events, key=lambda e: (e.get("ts", -1.0), e["ph"] == "b", -e.get("dur", 0))
    ):
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "M":
            continue
        assert event["ts"] >= 0
        if event["ph"] == "X":
            assert event["dur"] >= 0
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
        elif event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
    for event in events:
        if event["ph"] in "be":
            key = (event["pid"], event["id2"]["local"], event["name"])
            open_spans[key] += 1 if event["ph"] == "b" else -1
            assert open_spans[key] in (0, 1)
    assert not +open_spans
    check_async(events)
    assert [overlaps(slices) for slices in threads.values() if overlaps(slices)] == []


def check_async(events: list[Event]) -> None:
    """Spans of one id are within each other: whatever begins last ends first, and never before."""
    open_of: dict[tuple[int, str], list[Event]] = {}
    for event in (event for event in events if event["ph"] in "be"):
        stack = open_of.setdefault((event["pid"], event["id2"]["local"]), [])
        if event["ph"] == "b":
            assert not stack or event["ts"] >= stack[-1]["ts"]
            stack.append(event)
        else:
            began = stack.pop()
            assert event["name"] == began["name"]
            assert event["ts"] >= began["ts"]
    assert not any(open_of.values())


def spans_of_the_firefox_profiler(events: list[Event]) -> list[tuple[float, float, str]]:
    """What the Firefox Profiler makes of a file's spans: (begin, end, name), by the rules of its
    importer of Chrome's traces (src/profile-logic/import/chrome.ts): it looks at the first five for
    `ph`, wants a name in all, groups events by name, takes those with a finite `ts`, and an end
    closes the last of its name and thread that is open."""
    assert all("ph" in event for event in events[:5])
    by_name: dict[str, list[Event]] = {}
    for event in events:
        by_name.setdefault(event["name"], []).append(event)
    assert not {"Profile", "ProfileChunk", "CpuProfile", "Screenshot"} & set(by_name)
    spans = []
    for name, alike in by_name.items():
        begun: dict[tuple[int, int], list[float]] = {}
        for event in alike:
            if event["ph"] in "be":
                assert math.isfinite(event["ts"])
                stack = begun.setdefault((event["pid"], event["tid"]), [])
                if event["ph"] == "b":
                    stack.append(event["ts"])
                else:
                    spans.append((stack.pop(), event["ts"], name))
        assert not any(begun.values())
    return sorted(spans)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_firefox_profiler_pairs_the_spans_as_they_are(path: Path) -> None:
    events = events_of(sa.analyze(path))
    begun: dict[tuple[int, str, str], float] = {}
    spans = []
    for event in events:
        if event["ph"] in "be":
            key = (event["pid"], event["id2"]["local"], event["name"])
            if event["ph"] == "b":
                begun[key] = event["ts"]
            else:
                spans.append((begun.pop(key), event["ts"], event["name"]))
    assert spans_of_the_firefox_profiler(events) == sorted(spans)
    calls = [e for e in events if e["ph"] == "X" and e["args"]]
    assert all(call["args"]["detail"].startswith("line ") for call in calls)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_keep_the_rules(path: Path) -> None:
    events = events_of(sa.analyze(path))
    check(events)
    assert len(events) > 1


def test_what_erlang_did_is_there() -> None:
    events = events_of(sa.analyze(ERLANG))
    names = {e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert "beam.smp (pid 4510)" in names
    spans = [e["name"] for e in events if e["ph"] == "b" and e["name"].startswith("fd")]
    early = [name for name in spans if name.endswith("warning: bind-any-port-zero")]
    assert len(early) == 40
    assert "fd 19 to 127.0.0.1:8001: warning: bind-any-port-zero" in early
    held = [e for e in events if e["name"] == "port 34937 held"]
    assert [e["ph"] for e in held] == ["b", "e"]
    assert round(held[1]["ts"] - held[0]["ts"], -2) == 6800  # µs: 6.7 ms and the close itself
    assert max(e["args"]["pinned"] for e in events if e["ph"] == "C") == 1


def test_without_times_a_line_is_a_microsecond() -> None:
    text = b"""\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""
    events = events_of(sa.analyze(io.BytesIO(text)))
    check(events)
    calls = [(e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"][1:]
    assert calls == [("socket", 1.0, 1.0), ("bind", 2.0, 1.0), ("connect", 3.0, 1.0)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), min_size=1, max_size=20))
def test_calls_of_a_thread_nest_whatever_their_times(spans: list[tuple[int, int]]) -> None:
    calls = [
        CallRecord(
            "socket",
            "t",
            line,
            line,
            1,
            3,
            "",
            start / 1e6,
            length / 1e6,
            "socket",
            3,
            None,
            "socket() = 3",
        )
        for line, (start, length) in enumerate(spans, 1)
    ]
    events = list(trace_events._thread(1, 1, calls, True))
    assert len(events) == len(calls) + 1
    assert overlaps(events) == []
