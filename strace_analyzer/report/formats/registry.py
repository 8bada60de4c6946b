"""Find the formats: every module of this package that can write something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.format import (
    ComparisonFormat,
    MergedFormat,
    ReportFormat,
    TableFormat,
)
from strace_analyzer.report.nearest import nearest

DEFAULT = "text"
_PACKAGE = "strace_analyzer.report.formats"


def report_formats() -> tuple[str, ...]:
    """Values of `--format` for check, run and attach, the default first."""
    return tuple(_able_to("write"))


def table_formats() -> tuple[str, ...]:
    """Values of `--format` for tables (sockets, ports), the default first."""
    return tuple(_able_to("table"))


def comparison_formats() -> tuple[str, ...]:
    """Values of `--format` for compare, the default first."""
    return tuple(_able_to("comparison"))


def merged_formats() -> tuple[str, ...]:
    """Values of `--format` for check with --merged, the default first."""
    return tuple(_able_to("merged"))


def check_formats() -> tuple[str, ...]:
    """Values of `--format` for check: those for reports, and those only for merged ones."""
    return tuple(dict.fromkeys((*report_formats(), *merged_formats())))


def following_formats() -> tuple[str, ...]:
    """Formats that can print findings as they come, for `--follow`."""
    return tuple(_able_to("teller"))


def report_format(name: str, *, follow: bool = False) -> ReportFormat:
    """Return the format of a report. Raises ConfigurationError if there is none of this name, or if
    `follow` is set and it cannot print findings as they come."""
    module = _module(name) if name == DEFAULT else _chosen(name, report_formats())
    form = ReportFormat(
        name,
        module.write,
        getattr(module, "teller", None),
        getattr(module, "SOCKETS", False),
        getattr(module, "unreadable", None),
    )
    if follow and form.teller is None:
        raise ConfigurationError(
            f"--follow --format {name}: this format is written when the trace is complete; "
            f"findings are told as they come by {', '.join(following_formats())}"
        )
    return form


def merged_format(name: str) -> MergedFormat:
    """Return the format of a merged report. Raises ConfigurationError if there is none of this
    name."""
    names = merged_formats()
    if name not in names and name in report_formats():
        raise ConfigurationError(
            f"--format {name}: this format has every trace by itself; a merged report can be "
            f"{', '.join(names)}"
        )
    return MergedFormat(name, _chosen(name, names).merged)


def table_format(name: str) -> TableFormat:
    """Return the format of a table. Raises ConfigurationError if there is none of this name."""
    module = _module(name) if name == DEFAULT else _chosen(name, table_formats())
    return TableFormat(name, module.table)


def comparison_format(name: str) -> ComparisonFormat:
    """Return the format of a comparison. Raises ConfigurationError if there is none of this
    name."""
    return ComparisonFormat(name, _chosen(name, comparison_formats()).comparison)


@cache
def _names() -> tuple[str, ...]:
    package = import_module(_PACKAGE)
    names = [info.name.replace("_", "-") for info in iter_modules(package.__path__)]
    return tuple(sorted(names, key=lambda name: (name != DEFAULT, name)))


def _able_to(do: str) -> Iterator[str]:
    """Yield the names of the modules that define this function."""
    return (name for name in _names() if hasattr(_module(name), do))


def _module(name: str) -> ModuleType:
    return import_module(f"{_PACKAGE}.{name.replace('-', '_')}")


def _chosen(name: str, names: Sequence[str]) -> ModuleType:
    if name in names:
        return _module(name)
    raise ConfigurationError(
        f"--format {name}: not one of {', '.join(names)}{nearest(name, names)}"
    )
