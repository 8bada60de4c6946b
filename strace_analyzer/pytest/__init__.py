"""The pytest plugin: `pytest --strace-analyzer` runs the tests under strace and says in which of
them a socket was bound early, or whatever else the rules find. Without the option it does
nothing."""

from __future__ import annotations

from typing import Any

import pytest

OPTION, GATE = "--strace-analyzer", "--strace-analyzer-fail-on"
_NAME = "strace-analyzer-run"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options."""
    group = parser.getgroup("strace-analyzer")
    group.addoption(
        OPTION,
        action="store_true",
        help="run the tests under strace; name those that bind before connecting",
    )
    group.addoption(
        GATE,
        action="append",
        default=[],
        metavar="LEVEL|RULE|unknown|never",
        help="what fails a test (default: warning); repeatable",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to trace, where that was asked for. Raises pytest.UsageError if it cannot be."""
    config = session.config
    if not config.getoption(OPTION):
        return
    if hasattr(config, "workerinput") or _has_workers(config):
        raise pytest.UsageError(f"{OPTION} traces one process: leave out -n (or give -n 0)")
    from strace_analyzer.pytest.run import (
        TracedRun,  # the analyzer, which is loaded only if it is used
    )

    run = TracedRun.begun(config.getoption(GATE))
    config.pluginmanager.register(run, _NAME)
    config.add_cleanup(run.end)


def _has_workers(config: pytest.Config) -> bool:
    """pytest-xdist is to run the tests in processes of its own."""
    number: Any = config.getoption("numprocesses", None)
    return bool(number) or config.getoption("dist", "no") != "no"
