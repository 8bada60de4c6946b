"""Which suites can run here, and which must: a suite that cannot run is skipped, saying why.

`STRACE_ANALYZER_REQUIRE="live kernel labels"` (CI) turns a skipped test of these suites into a
failure, and a whole run in which one of them did not run at all.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache

import pytest
from shared_folder import CORPUS, TRACES

# What the tests learn is nobody else's, and nothing that was learned before is theirs.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="strace-analyzer-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

REQUIRED = frozenset(os.environ.get("STRACE_ANALYZER_REQUIRE", "").split())
RAN: set[str] = set()


@cache
def missing(suite: str) -> str | None:
    """Why this suite cannot run here, or None."""
    if suite in ("live", "kernel") and shutil.which("strace") is None:
        return "strace is not installed"
    if suite == "live" and subprocess.run(["strace", "-o", "/dev/null", "true"]).returncode:
        return "strace may not trace here"
    if suite == "kernel":
        tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True)
        if tried.returncode:
            return f"no network namespaces here: {tried.stderr.strip()}"
    if suite == "labels" and not (TRACES / "LABELS.tsv").exists():
        return f"no labelled traces at {TRACES} (STRACE_ANALYZER_SHARED)"
    if suite == "corpus" and not (CORPUS / "MANIFEST.tsv").exists():
        return f"no corpus at {CORPUS} (STRACE_ANALYZER_SHARED)"
    return None


SUITES = ("live", "kernel", "labels", "corpus")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for suite in SUITES:
        if item.get_closest_marker(suite) and (reason := missing(suite)):
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    suites = {suite for suite in SUITES if item.get_closest_marker(suite)}
    if report.when == "call" and report.passed:
        RAN.update(suites)
    if report.skipped and suites & REQUIRED and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is required here and was skipped: {report.longrepr}"
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    option = session.config.option
    whole = not (option.file_or_dir or option.keyword or option.markexpr or option.collectonly)
    if whole and exitstatus == 0 and (absent := sorted(REQUIRED - RAN)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"required suites that did not run: {' '.join(absent)}", red=True)
