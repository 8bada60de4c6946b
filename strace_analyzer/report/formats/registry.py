"""Load a format by its name."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import get_args

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.format import (
    ComparisonFormat,
    MergedFormat,
    ReportFormat,
    TableFormat,
)
from strace_analyzer.report.formats.names import (
    CheckName,
    ComparisonName,
    MergedName,
    ReportName,
    TableName,
)

_PACKAGE = "strace_analyzer.report.formats"


def report_formats() -> tuple[ReportName, ...]:
    """Formats of the reports of check, run and attach, the default first."""
    return get_args(ReportName)


def table_formats() -> tuple[TableName, ...]:
    """Formats of tables (sockets, ports), the default first."""
    return get_args(TableName)


def comparison_formats() -> tuple[ComparisonName, ...]:
    """Formats of the reports of compare, the default first."""
    return get_args(ComparisonName)


def merged_formats() -> tuple[MergedName, ...]:
    """Formats of the reports of check with --merged, the default first."""
    return get_args(MergedName)


def following_formats() -> tuple[ReportName, ...]:
    """Formats that can print findings as they come, for `--follow`."""
    return tuple(name for name in report_formats() if hasattr(_module(name), "teller"))


def report_format(name: CheckName, *, follow: bool = False) -> ReportFormat:
    """Return the format of a report. Raises ConfigurationError if `follow` is set and it cannot
    print findings as they come."""
    module = _module(name)
    teller = getattr(module, "teller", None)
    if follow and teller is None:
        raise ConfigurationError(
            f"--follow --format {name}: this format is written when the trace is complete; "
            f"findings are told as they come by {', '.join(following_formats())}"
        )
    return ReportFormat(
        name,
        module.write,
        teller,
        getattr(module, "SOCKETS", False),
        getattr(module, "unreadable", None),
    )


def merged_format(name: CheckName) -> MergedFormat:
    """Return the format of a merged report. Raises ConfigurationError if it has every trace by
    itself."""
    if name not in merged_formats():
        raise ConfigurationError(
            f"--format {name}: this format has every trace by itself; a merged report can be "
            f"{', '.join(merged_formats())}"
        )
    return MergedFormat(name, _module(name).merged)


def table_format(name: TableName) -> TableFormat:
    """Return the format of a table."""
    return TableFormat(name, _module(name).table)


def comparison_format(name: ComparisonName) -> ComparisonFormat:
    """Return the format of a comparison."""
    return ComparisonFormat(name, _module(name).comparison)


def _module(name: str) -> ModuleType:
    return import_module(f"{_PACKAGE}.{name.replace('-', '_')}")
