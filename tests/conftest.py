"""Which suites can run here, and which must: a suite that cannot run is skipped with a reason.

`STRACE_ANALYZER_REQUIRE="live kernel labels"` (CI) turns a skipped test of these suites into a
failure, and fails a whole run in which one of them did not run at all.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest
from shared_folder import CASES, CORPUS, TRACES

# Tests neither use nor change what was learned in earlier runs, nor the configuration of whoever
# runs them.
for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
    os.environ[variable] = tempfile.mkdtemp(prefix="strace-analyzer-tests-")
    atexit.register(shutil.rmtree, os.environ[variable], ignore_errors=True)

# Where it is ignored, as in what a shell runs in the background, the programs under test would
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A test that fails because the machine is busy says nothing about the code.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

REQUIRED = frozenset(os.environ.get("STRACE_ANALYZER_REQUIRE", "").split())
RAN: set[str] = set()
CHROMIUM = "/usr/bin/chromium"
CUSTOM_ELEMENTS = "/usr/lib/javascript/webcomponentsjs-custom-element-v0"
"""Path of the Debian package."""


def _no_strace() -> str | None:
    return None if shutil.which("strace") else "strace is not installed"


def _no_tracing() -> str | None:
    if reason := _no_strace():
        return reason
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"])
    return "strace may not trace here" if tried.returncode else None


def _no_namespaces() -> str | None:
    if reason := _no_strace():
        return reason
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True)
    return f"no network namespaces here: {tried.stderr.strip()}" if tried.returncode else None


def _no_file(path: Path, what: str) -> str | None:
    return None if path.exists() else f"no {what} at {path.parent} (STRACE_ANALYZER_SHARED)"


def _no_browser() -> str | None:
    if not Path(CHROMIUM).exists():
        return f"{CHROMIUM} is not installed"
    if not Path(CUSTOM_ELEMENTS).exists():
        return "libjs-webcomponentsjs-custom-element-v0 is not installed"
    wanted = ("playwright", "axe_playwright_python", "jinja2")
    missing = [name for name in wanted if find_spec(name) is None]
    return f"not installed: {', '.join(missing)} (the extra dev)" if missing else None


def _no_java() -> str | None:
    if shutil.which("java") is None:
        return "java is not installed"
    listed = subprocess.run(["java", "--list-modules"], capture_output=True, text=True)
    if "jdk.compiler@" not in listed.stdout:
        return "java has no compiler here (Debian: default-jdk-headless)"
    return None


SUITES: dict[str, Callable[[], str | None]] = {
    "browser": _no_browser,
    "live": cache(_no_tracing),
    "kernel": cache(_no_namespaces),
    "jvm": cache(_no_java),
    "labels": lambda: _no_file(TRACES / "LABELS.tsv", "labelled traces"),
    "corpus": lambda: _no_file(CORPUS / "MANIFEST.tsv", "corpus"),
    "cases": lambda: _no_file(CASES / "README.md", "cases"),
}
"""Marks of suites with requirements, and functions that return why they cannot run here (None if
they can)."""


OPEN: dict[str, str] = {}
"""Tests known to fail: the end or a part of their ids, and the reason."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for part, reason in OPEN.items():
            if part in item.nodeid:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for suite, missing in SUITES.items():
        if item.get_closest_marker(suite) and (reason := missing()):
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    suites = {suite for suite in SUITES if item.get_closest_marker(suite)}
    if report.skipped and suites & REQUIRED and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is required here and was skipped: {report.longrepr}"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        RAN.update(SUITES.keys() & report.keywords.keys())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workerinput"):
        return  # in a worker process; the main process checks
    option = session.config.option
    whole = not (option.file_or_dir or option.keyword or option.markexpr or option.collectonly)
    if whole and exitstatus == 0 and (absent := sorted(REQUIRED - RAN)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"required suites that did not run: {' '.join(absent)}", red=True)
