"""The table of `summary`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.plain import number, safe, short_duration
from strace_analyzer.report.cannot_tell import Reason
from strace_analyzer.report.tally.tally import FIGURES, Line
from strace_analyzer.report.text.doubts import cannot_tell
from strace_analyzer.report.text.style import FAINT, table

_MOST = 30
_TIMES = {
    "total_seconds": "TOTAL", "mean_seconds": "MEAN", "p50_seconds": "P50",
    "p95_seconds": "P95", "p99_seconds": "P99", "max_seconds": "MAX",
}  # fmt: skip

_SPARE = ("P95", "P50", "MEAN")
"""times dropped on a narrow page, the first one first"""


def page(
    lines: Sequence[Line],
    names: Mapping[str, str],
    lacks: Sequence[Reason] = (),
    *,
    by: str,
    everything: bool,
) -> Iterator[RenderableType]:
    """Yield a table per trace. `names` maps ids to traces, `lacks` says why some were not read to
    their ends; without `everything`, tables are shortened."""
    yield from cannot_tell(lacks, "calls are missing here")
    for trace, name in names.items():
        mine = [line for line in lines if line["trace"] == trace]
        if len(names) > 1:
            yield Text(safe(name), style="bold")
        if not mine:
            yield Text(f"no call of which the trace tells its {by}")
            continue
        yield _table(mine if everything else mine[:_MOST])
        yield Text(_last(mine, by, everything), style=FAINT)


def _table(lines: Sequence[Line]) -> RenderableType:
    keys = [name for name in lines[0] if name != "trace" and name not in FIGURES]
    timed = any(line["total_seconds"] is not None for line in lines)
    times = _TIMES if timed else {}
    grid = table(
        ">CALLS",
        ">ERRORS",
        *(f">{name}" for name in times.values()),
        *map(str.upper, keys),
        spare=[name for name in _SPARE if name in times.values()],
    )
    for line in lines:
        grid.add_row(
            number(_whole(line["calls"])),
            number(_whole(line["errors"])) if line["errors"] else "",
            *(_time(line[name]) for name in times),
            *("-" if line[key] is None else safe(str(line[key])) for key in keys),
        )
    return grid


def _last(lines: Sequence[Line], by: str, everything: bool) -> str:
    calls = sum(_whole(line["calls"]) for line in lines)
    errors = sum(_whole(line["errors"]) for line in lines)
    unreturned = sum(_whole(line["unreturned"]) for line in lines)
    said = f"{number(calls)} calls, {number(errors)} errors"
    if unreturned:
        said += f", {number(unreturned)} more that did not return"
    if not everything and len(lines) > _MOST:
        said += f". {number(len(lines) - _MOST)} more: --all"
    if all(line["total_seconds"] is None for line in lines):
        said += ". No times: strace -T prints them"
    return said


def _time(seconds: object) -> str:
    if not isinstance(seconds, float):
        return "-"
    return short_duration(seconds)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
