"""The timeline in the viewer of chrome://tracing, in a real browser.

Debian's Chromium is built without that page. The viewer is the one that the package viztracer
brings; the browser no longer has the web components that it was written for: custom elements come
from Debian's libjs-webcomponentsjs-custom-element-v0, a shadow root is one of today.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from report.written import written

import strace_analyzer as sa

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
CUSTOM_ELEMENTS = Path("/usr/lib/javascript/webcomponentsjs-custom-element-v0/CustomElements.js")
OF_TODAY = """
Object.defineProperty(document, "_currentScript", {get() { return document.currentScript }});
Element.prototype.createShadowRoot = function () {
  try { return this.shadowRoot || this.attachShadow({mode: "open"}) } catch { return this }
};
"""
OPEN = """text => {
  const model = new tr.Model();
  new tr.importer.Import(model).importTraces([text]);
  const view = document.createElement("tr-ui-timeline-view");
  const tracks = document.createElement("track-view-container");
  tracks.id = "track_view_container";
  view.track_view_container = tracks;
  Polymer.dom(view).appendChild(tracks);
  Polymer.dom(document.body).appendChild(view);
  view.model = model;
  return {
    warnings: model.importWarnings.map(warning => warning.message),
    processes: Object.values(model.processes).map(process => ({
      name: process.userFriendlyName,
      threads: Object.values(process.threads).map(thread => ({
        name: thread.userFriendlyName,
        calls: thread.sliceGroup.slices.length,
        sockets: thread.asyncSliceGroup.slices.map(slice => slice.title),
      })),
      counters: Object.values(process.counters).map(counter => [
        counter.name, counter.series.map(series => series.name)
      ]),
    })),
  };
}"""


@pytest.fixture
def viewer(browser: Any, tmp_path: Path) -> Any:
    """A page with the viewer and nothing in it."""
    whole = resources.files("viztracer").joinpath("html", "trace_viewer_full.html").read_text()
    scripts = f"<script>{OF_TODAY}</script><script>{CUSTOM_ELEMENTS.read_text()}</script>"
    page_file = tmp_path / "viewer.html"
    page_file.write_text(f"<!DOCTYPE html><meta charset=utf-8>{scripts}{whole}<body></body>")
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_function("!!tr.importer.Import")
    return page


def test_the_viewer_of_chrome_opens_the_timeline(viewer: Any) -> None:
    opened = viewer.evaluate(OPEN, written("trace-events", sa.analyze(ERLANG)))
    assert opened["warnings"] == []
    beam, resolver, ports = opened["processes"]
    assert beam["name"] == "beam.smp (pid 4510) (pid 1)"
    [thread] = beam["threads"]
    assert thread["name"] == "thread 4519"
    assert thread["calls"] > 40 * 4
    assert sum("bind-any-port-zero" in title for title in thread["sockets"]) == 40
    assert resolver["name"].startswith("inet_gethost (pid 4535)")
    assert ports["counters"] == [["ports, network namespace 0", ["pinned", "needed"]]]
    for track in ("thread 4519", "beam.smp (pid 4510)"):
        viewer.get_by_text(track).filter(visible=True).first.wait_for()
