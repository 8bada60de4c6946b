"""The pandas tables: their columns and types do not depend on the trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from report.fixtures import analysis, crawler

import strace_analyzer as sa
from strace_analyzer.report.frames import events_frame, frames

SSH = Path(__file__).resolve().parents[2] / "samples" / "ssh-b-any.strace"
ERLANG = SSH.with_name("erlang23-inets-httpc-40req-yy-tt-T.strace")
PAGE = (SSH.parents[1] / "docs" / "frames.md").read_text()
TABLES = ["sockets", "findings", "processes", "ports", "events"]


def documented(name: str) -> list[tuple[str, str]]:
    """The columns of a table and their types, as the page has them."""
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row) == 3 and row[2].rstrip(" |") for row in rows), "a column without a word"
    return [(row[0].strip("| `"), row[1]) for row in rows]


def types(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Those of a real table, in the words of the page."""
    return [(str(column), _word(dtype)) for column, dtype in table.dtypes.items()]


def _word(dtype: object) -> str:
    if isinstance(dtype, pd.CategoricalDtype):
        return "category, ordered" if dtype.ordered else "category"
    return "string" if isinstance(dtype, pd.StringDtype) else str(dtype)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("trace", [SSH, ERLANG], ids=lambda path: path.name.split("-")[0])
def test_columns_and_types_are_as_documented(name: str, trace: Path) -> None:
    table = getattr(frames(sa.analyze(trace, sockets=True)), name)
    assert types(table) == documented(name)
    assert len(table)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_has_them_too(name: str) -> None:
    made = frames(analysis(processes=[]))
    table = events_frame([]) if name == "events" else getattr(made, name)
    assert types(table) == documented(name)


def test_text_is_arrow_s_where_pyarrow_is_installed() -> None:
    pytest.importorskip("pyarrow")
    assert frames(crawler()).sockets["fds"].dtype.storage == "pyarrow"


def test_levels_and_spans_can_be_compared() -> None:
    made = frames(sa.analyze(ERLANG, sockets=True))
    assert (made.findings.level >= "warning").sum() == 40
    assert (made.findings.confidence > "probable").all()
    life = made.sockets.set_index("opened_line").loc[395]
    assert life.connect_duration == pd.Timedelta(microseconds=667)
    assert life.closed - life.opened == life.lifetime == pd.Timedelta(microseconds=12448)
    assert made.ports.peak_time[0] == pd.Timedelta(microseconds=536336)


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
    assert pd.isna(socket["lifetime"])


def test_events_of_a_real_trace_are_read_when_they_are_asked_for() -> None:
    events = frames(sa.analyze(ERLANG)).events
    connects = events[(events.name == "connect") & (events.peer_port == 8001)]
    assert len(connects) == 14
    assert (connects.errno == "EINPROGRESS").all()
    assert connects.duration.max() == pd.Timedelta(microseconds=1327)
    assert events.elapsed.is_monotonic_increasing is False  # in the order of their ends
    assert len(events) == len(list(sa.events(ERLANG)))


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
