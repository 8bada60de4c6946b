"""The pandas tables: their columns and types do not depend on the trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from report.fixtures import analysis, crawler

import strace_analyzer as sa
from strace_analyzer.report.events.columns import FRAME
from strace_analyzer.report.frames import events_frame, frames
from strace_analyzer.report.rows import FINDINGS, PORTS, PROCESSES, SOCKETS

SSH = Path(__file__).resolve().parents[2] / "samples" / "ssh-b-any.strace"


TABLES = {
    "sockets": SOCKETS,
    "findings": FINDINGS,
    "processes": PROCESSES,
    "ports": PORTS,
    "events": FRAME,
}


def types(table: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


def expected(columns: Mapping[str, str]) -> dict[str, str]:
    text = str(pd.Series([], dtype="string").dtype)
    return {column: {"string": text}.get(dtype, dtype) for column, dtype in columns.items()}


@pytest.mark.parametrize("made", [crawler(), analysis(processes=[])], ids=["some", "none"])
def test_columns_and_types_are_as_documented(made: sa.Analysis) -> None:
    tables = frames(made)
    for name, columns in TABLES.items():
        table = events_frame([]) if name == "events" else getattr(tables, name)
        assert types(table) == expected(columns)


def test_findings_group_as_a_person_would_ask() -> None:
    table = frames(crawler()).findings
    by_peer = table.groupby(["command", "peer_address", "peer_port"]).size().to_dict()
    assert by_peer == {("beam.smp", "192.0.2.8", 8000): 1, ("beam.smp", "192.0.2.8", 8001): 2}
    assert table[["bind_line", "connect_line", "close_line"]].to_numpy().tolist() == [
        [12, 14, 16],
        [32, 34, 36],
        [52, 54, 56],
    ]


def test_processes_and_ports_have_their_figures() -> None:
    made = frames(crawler())
    (process,) = made.processes.to_dict("records")
    assert (process["threads"], process["early_bound"], process["findings"]) == (3, 3, 3)
    (ports,) = made.ports.to_dict("records")
    assert (ports["range_low"], ports["range_high"]) == (32768, 60999)
    assert ports["peak_pinned_with_time_wait"] == 3


def test_sockets_of_a_real_trace() -> None:
    (socket,) = frames(sa.analyze(SSH)).sockets.to_dict("records")
    assert (socket["command"], socket["fd"], socket["protocol"]) == ("ssh", 3, "TCP")
    assert (socket["binding"], socket["connection"]) == ("ephemeral", "connected")
    assert (socket["peer_address"], socket["peer_port"]) == ("127.0.0.1", 2222)
    assert pd.isna(socket["seconds_open"])


def test_events_of_a_real_trace_are_read_when_they_are_asked_for() -> None:
    erlang = SSH.with_name("erlang23-inets-httpc-40req-yy-tt-T.strace")
    events = frames(sa.analyze(erlang)).events
    assert types(events) == expected(FRAME)
    connects = events[(events.name == "connect") & (events.peer_port == 8001)]
    assert len(connects) == 14
    assert (connects.errno == "EINPROGRESS").all()
    assert connects.duration.max() == pd.Timedelta(microseconds=1327)
    assert events.elapsed.is_monotonic_increasing is False  # in the order of their ends
    assert len(events) == len(list(sa.events(erlang)))


def test_a_stream_s_events_cannot_be_had_afterwards() -> None:
    analyzer = sa.Analyzer()
    analyzer.feed("close(3) = 0")
    tables = frames(analyzer.close())
    with pytest.raises(sa.TraceError, match="a stream cannot be read again"):
        tables.events  # noqa: B018


def test_pandas_is_loaded_by_frames_alone() -> None:
    program = (
        "import sys, strace_analyzer as sa\n"
        "before = [name for name in ('pandas', 'numpy', 'typer') if name in sys.modules]\n"
        "sa.frames\n"
        "print(before, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[] True\n", done.stderr


def test_every_column_is_documented() -> None:
    page = (SSH.parents[1] / "docs" / "frames.md").read_text()
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    for name, columns in TABLES.items():
        rows = [
            line.split(" | ")[:2] for line in sections[name].splitlines() if line.startswith("| `")
        ]
        assert [(cell.strip("| `"), dtype) for cell, dtype in rows] == list(columns.items())
