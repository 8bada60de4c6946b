"""One self-contained HTML page: verdict and advice, ports over time, a timeline, tables, and the
calls of each socket; or what a fix changed.

Requires the extra `html` (Jinja2).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.compare import Comparison
from strace_analyzer.report.formats.format import MergedReport, Report

SOCKETS = True
"""the page shows every socket"""


def write(report: Report, stream: TextIO) -> None:
    """Write the whole page. Raises ConfigurationError if Jinja2 is not installed."""
    with _needing_jinja():
        from strace_analyzer.report.html.page import page  # Jinja2, which no other format needs
    stream.write(_ascii(page(report)))


def comparison(made: Comparison, stream: TextIO) -> None:
    """Write what a fix changed. Raises ConfigurationError if Jinja2 is not installed."""
    with _needing_jinja():
        from strace_analyzer.report.html.comparison import page
    stream.write(_ascii(page(made)))


def merged(report: MergedReport, stream: TextIO) -> None:
    """Write a page of tables on many traces. Raises ConfigurationError like `write`."""
    with _needing_jinja():
        from strace_analyzer.report.html.merged import page
    stream.write(_ascii(page(report)))


@contextmanager
def _needing_jinja() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        raise ConfigurationError(
            "--format html needs Jinja2: pip install 'strace-analyzer[html]'"
        ) from error


def _ascii(page: str) -> str:
    """Return the page in ASCII, valid in any encoding of the stream: styles, scripts and data are
    ASCII."""
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")
