"""What was found in, one self-contained HTML page out: verdict and advice, ports over time, a
timeline, tables, and the calls of each socket.

It needs the extra `html` (Jinja2).
"""

from __future__ import annotations

from typing import TextIO

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.format import Report

SOCKETS = True
"""every socket is on the page"""


def write(report: Report, stream: TextIO) -> None:
    """The whole page. Raises ConfigurationError where Jinja2 is not installed."""
    try:
        from strace_analyzer.report.html.page import page  # Jinja2, which no other format needs
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        raise ConfigurationError(
            "--format html needs Jinja2: pip install 'strace-analyzer[html]'"
        ) from error
    stream.write(page(report))
