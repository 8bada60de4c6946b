"""Takes an Analysis, gives it as pandas DataFrames: sockets, findings, processes, ports.

The only module that imports pandas, which takes longer to load than most traces to read. An empty
table has its columns too. Text is `string`, whole numbers that may be missing `Int64`, seconds
`Float64`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from strace_analyzer.analysis import Analysis
from strace_analyzer.report.rows import (
    FINDINGS,
    PORTS,
    PROCESSES,
    SOCKETS,
    Row,
    finding_row,
    port_rows,
    process_row,
    socket_row,
)


class Frames(NamedTuple):
    """The tables of one Analysis: a row per socket, finding, process, and (trace, network
    namespace)."""

    sockets: pd.DataFrame
    findings: pd.DataFrame
    processes: pd.DataFrame
    ports: pd.DataFrame


def frames(analysis: Analysis) -> Frames:
    """All tables. `analysis` must have been made with its sockets (`analyze(...,
    sockets=True)`)."""
    return Frames(
        sockets=_frame((socket_row(life) for life in analysis.sockets), SOCKETS),
        findings=_frame((finding_row(item) for item in analysis.findings), FINDINGS),
        processes=_frame((process_row(item) for item in analysis.processes), PROCESSES),
        ports=_frame(port_rows(analysis.traces), PORTS),
    )


def _frame(rows: Iterable[Row], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=pd.Index(columns)).astype(columns)
