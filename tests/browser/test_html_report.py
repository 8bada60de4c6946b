"""The HTML report in a real browser: Debian's Chromium, headless, on real reports.

`UPDATE_SCREENSHOTS=1` writes the pictures of docs/ anew: look at them.
"""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import struct
import zlib
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report.test_hostile_names import NAMES, trace
from report.written import written

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.compare import compare, side
from strace_analyzer.report.formats.registry import comparison_format
from strace_analyzer.report.gate import Gate

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NGINX = ROOT / "samples" / "nginx-proxy-pass-mix.strace"
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
PATIENCE = 60_000
"""milliseconds"""
DATA = "JSON.parse(document.getElementById('data').textContent)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "report.html"
    text = written("html", sa.analyze(ERLANG)).replace(str(ERLANG), ERLANG.name)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace without times."""
    path = tmp_path_factory.mktemp("html") / "nginx.html"
    path.write_text(written("html", sa.analyze(NGINX)), encoding="utf-8")
    return path


class Seen:
    """What a page asked for and complained of."""

    def __init__(self, page: Any) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))


def opened(browser: Any, path: Path, **context: Any) -> tuple[Any, Seen]:
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(PATIENCE)
    seen = Seen(page)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    return page, seen


def faults(page: Any) -> list[tuple[str, Any]]:
    """What axe-core finds, of whatever weight."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (fault["id"], [node["target"] for node in fault["nodes"]][:5])
        for fault in Axe().run(page).response["violations"]
    ]


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "merged.html"
    samples = sorted(map(str, (ROOT / "samples").glob("*.strace")))
    assert main(["check", "--merged", "--format", "html", "-o", str(path), *samples]) == 1
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_of_many_traces_can_be_read(
    browser: Any, merged: Path, width: int, scheme: str
) -> None:
    page = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    ).new_page()
    page.set_default_timeout(PATIENCE)
    seen = Seen(page)
    page.goto(merged.as_uri())
    heads = page.locator("thead th").all_inner_texts()
    assert all(head[0].isupper() for head in heads)
    assert "Early-bound" in heads
    assert "Day" not in heads  # of which these traces say nothing
    assert "This page loads nothing" in page.locator("footer").inner_text()
    assert page.title().endswith(" - strace-analyzer")
    assert "8 of 11 traces" in page.locator("h1").inner_text()
    assert page.locator("article.card").count() == 7
    assert "use OTP 24 or later" in page.locator("article.card .fix").nth(1).inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tallest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('tr')].map(row => row.offsetHeight))"
    )
    assert tallest < 300, "words are broken letter by letter"
    assert faults(page) == []
    assert seen.requests == [merged.as_uri()]
    assert seen.complaints == []


def test_it_draws_asks_for_nothing_and_complains_of_nothing(browser: Any, report: Path) -> None:
    page, seen = opened(browser, report)
    drawn = page.evaluate(
        "(() => { const c = document.querySelector('.plot canvas');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " return new Set(new Uint32Array(d.buffer)).size; })()"
    )
    assert drawn > 5  # colours: axes and two lines, with their edges
    assert page.locator(".lane path.bar.warning").count() == 1
    assert "40 of its 40 outgoing TCP connections" in page.locator("h1").inner_text()
    assert (
        "Erlang/OTP 23 (erts-11.1.8): use OTP 24 or later"
        in page.locator(".fix").first.inner_text()
    )
    assert page.locator("[data-table=sockets] tbody tr").count() == 42
    assert seen.requests == [report.as_uri()]
    assert seen.complaints == []


def test_the_policy_lets_nothing_out(browser: Any, report: Path) -> None:
    page, seen = opened(browser, report)
    stopped = page.evaluate(
        "new Promise(done => { document.addEventListener('securitypolicyviolation',"
        " event => done(event.effectiveDirective)); fetch('http://127.0.0.1:9/').catch(() => 0); })"
    )
    assert stopped == "connect-src"
    assert seen.requests == [report.as_uri()]
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_a_click_shows_the_trail_and_escape_puts_it_away(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    button = page.get_by_role("button", name="Calls of the socket of line 395")
    button.click()
    dialog = page.locator("dialog#trail")
    assert dialog.locator("h2").inner_text() == "fd 19 to 127.0.0.1:8001"
    lines = dialog.locator("tbody td:first-child").all_inner_texts()
    assert lines == ["395", "400", "403", "404", "405", "406", "411"]
    assert 'bind(19, {AF_INET, htons(0), "0.0.0.0"}) = 0' in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("node => node === document.activeElement")


def test_a_click_on_a_bar_finds_its_socket(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    lane = page.locator(".lane svg").first
    box = lane.bounding_box()
    left, right, row, at = page.evaluate(f"{DATA}.lanes[0][7]")
    width, height = page.evaluate(
        "(({width, height}) => [width, height])"
        "(document.querySelector('.lane svg').viewBox.baseVal)"
    )
    x, y = (left + right) / 2 / width, (row * 10 + 4) / height
    lane.click(position={"x": x * box["width"], "y": y * box["height"]})
    line = page.evaluate(f"{DATA}.sockets[{at}][7]")
    assert page.locator("dialog#trail tbody td").first.inner_text() == f"{line:,}"


def test_what_a_call_shows_stands_beside_it_and_not_known_before_the_charts(
    browser: Any, report: Path
) -> None:
    page, _ = opened(browser, report)
    proof = page.locator(".calls").first
    assert proof.locator(".tells").all_inner_texts() == [
        'bind(19, {AF_INET, htons(0), "0.0.0.0"}) = 0',
        'connect(19, {AF_INET, htons(8001), "127.0.0.1"}) = EINPROGRESS',
    ]
    assert proof.locator(".remark").first.inner_text() == "does not help"
    parts = page.locator("main section").evaluate_all("all => all.map(one => one.id)")
    assert parts[1:5] == ["findings", "unknown", "ports", "timeline"]
    cost = page.locator(".cost tbody tr").nth(1).inner_text().split("\t")
    assert cost == ["with 60 s of TIME_WAIT", "40", "14"]


def test_search_filters_and_a_head_sorts(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    host = page.locator("[data-table=sockets]")
    host.get_by_label("Search").fill("8002 warning")
    assert host.locator("output").inner_text() == "13 of 42 rows"
    assert set(host.locator("tbody td:nth-child(6)").all_inner_texts()) == {"127.0.0.1:8002"}
    host.get_by_role("button", name="Open for").click()
    assert host.locator("th[aria-sort=descending]").inner_text().startswith("Open for")
    assert host.locator("tbody tr").first.locator("td").nth(8).inner_text() == "147 ms"
    host.get_by_label("Search").fill("no such thing")
    assert host.locator("tbody").inner_text() == "Nothing matches."


def test_the_keyboard_alone_is_enough(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    search = "document.activeElement.id === 'search-sockets'"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(search):
            break
    assert page.evaluate(search)
    page.keyboard.type("8000")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('td') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.locator("dialog#trail").is_visible()
    page.keyboard.press("Escape")
    page.locator("figure summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("figure .table tbody tr").first.is_visible()


def test_the_table_beside_the_chart_says_the_same(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    page.locator("figure summary").click()
    points = page.evaluate(f"{DATA}.charts[0].at.length")
    assert page.locator("figure .table output").inner_text() == f"{points} rows"
    before = page.locator("figure.chart canvas").screenshot()
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator("figure.chart canvas").screenshot() != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_readable(scheme: str, browser: Any, report: Path) -> None:
    page, seen = opened(browser, report, color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert faults(page) == []
    page.get_by_role("button", name="Calls of the socket of line 395").click()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert seen.complaints == []


def test_it_can_be_printed(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report, color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".legend .key").first.evaluate(STYLE, "print-color-adjust") == "exact"
    assert not page.locator("input[type=search]").first.is_visible()
    assert page.pdf().startswith(b"%PDF")


STYLE = "(node, name) => getComputedStyle(node).getPropertyValue(name)"
COLOURS = ("--pinned", "--needed", "--warning", "--bar-warning", "--faint", "--good")


def test_on_paper_a_dark_page_has_the_colours_of_a_light_one(browser: Any, report: Path) -> None:
    shown = []
    for scheme in ("light", "dark"):
        page, _ = opened(browser, report, color_scheme=scheme)
        page.emulate_media(media="print", color_scheme=scheme)
        shown.append([page.locator("html").evaluate(STYLE, name) for name in COLOURS])
        page.evaluate(
            "addEventListener('beforeprint', () => {"
            " document.body.dataset.printed = document.documentElement.dataset.theme; })"
        )
        page.pdf()
        assert page.locator("body").get_attribute("data-printed") == "light"
        assert page.locator("html").get_attribute("data-theme") == scheme
    assert shown[0] == shown[1]


NOT_SHRUNK = b"3.125 0 0 3.125 0 0 cm"
"""a CSS pixel on paper, where Chromium did not have to make everything smaller to fit its width"""


def drawn_on_paper(pdf: bytes) -> bytes:
    """What a PDF draws."""
    parts = []
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            parts.append(zlib.decompress(found[1]))
    return b"".join(parts)


def test_on_paper_nothing_goes_over_the_edge(
    browser: Any, report: Path, nginx: Path, merged: Path
) -> None:
    compared_page = report.with_name("compared.html")
    compared_page.write_text(compared(), encoding="utf-8")
    for path in (report, nginx, merged, compared_page):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(path.as_uri())
        page.wait_for_load_state()
        assert NOT_SHRUNK in drawn_on_paper(page.pdf(format="A4")), path.name


def test_labels_of_the_timeline_do_not_touch(browser: Any, nginx: Path) -> None:
    for width in (400, 700, 1280):
        page, _ = opened(browser, nginx, viewport={"width": width, "height": 900})
        edges = page.evaluate(
            "[...document.querySelectorAll('.ticks text')].map(one => one.getBoundingClientRect())"
            ".filter(box => box.width).map(box => [box.left, box.right])"
        )
        assert len(edges) > 2
        assert all(one[1] < other[0] for one, other in pairwise(edges)), width


def test_its_parts_are_reached_and_sockets_are_called_as_in_the_text(
    browser: Any, report: Path
) -> None:
    page, _ = opened(browser, report)
    led_to = page.locator("nav a").evaluate_all("all => all.map(one => one.hash)")
    parts = page.locator("main section").evaluate_all("all => all.map(one => `#${one.id}`)")
    assert led_to == parts[1:]
    ends = page.locator("[data-table=sockets] tbody td:nth-child(5)").all_inner_texts()
    assert ends[:3] == ["0.0.0.0:0 (38934)", "*:0 (43559)", "0.0.0.0:0 (34937)"]


@pytest.mark.parametrize("kind", ["markup", "script", "template", "bidi"])
def test_a_hostile_name_does_nothing(kind: str, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    text = written("html", sa.analyze(io.BytesIO(trace(NAMES[kind]))))
    path.write_text(text, encoding="utf-8")
    page, seen = opened(browser, path)
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 3
    assert "pid 7" in page.locator("#sockets tbody").inner_text()
    assert "49" not in page.locator("h1").inner_text()
    assert (seen.complaints, seen.requests) == ([], [path.as_uri()])


def test_ten_thousand_sockets_are_less_than_five_megabytes(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    made = runpy.run_path(str(ROOT / "benchmarks" / "page.py"))["page"]
    path.write_text(made(10_000), encoding="utf-8")
    assert path.stat().st_size < 5_000_000
    page, seen = opened(browser, path)
    host = page.locator("[data-table=sockets]")
    assert host.locator("tbody tr").count() == 200
    assert host.locator(".pages").inner_text().replace("\n", " ").find("page 1 of 50") >= 0
    host.get_by_role("button", name="Next").click()
    assert host.locator(".pages span").inner_text() == "page 2 of 50"
    assert page.locator(".lane").count() == 40
    assert page.locator(".lane path").count() == 40
    assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_is_readable_and_needs_no_script(
    scheme: str, browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "compare.html"
    path.write_text(compared(), encoding="utf-8")
    page = browser.new_context(
        color_scheme=scheme, viewport={"width": 400, "height": 900}
    ).new_page()
    page.set_default_timeout(PATIENCE)
    seen = Seen(page)
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == "early-bound 40 of 40 \u2192 0 of 40 TCP connections"
    assert page.locator("#causes tbody tr").count() == 3
    assert page.locator("script").count() == 0
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'none'; style-src 'sha256-")
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 26)"
    assert is_dark == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert faults(page) == []
    assert (seen.complaints, seen.requests) == ([], [path.as_uri()])


def compared() -> str:
    """The page of Erlang/OTP 23 and 25."""
    traces = [
        ROOT / "samples" / f"erlang{version}-inets-httpc-40req.strace" for version in (23, 25)
    ]
    sides = [side(path.name, json.loads(written("json", sa.analyze(path)))) for path in traces]
    stream = io.StringIO()
    comparison_format("html").write(compare(sides[0], sides[1], Gate()), stream)
    return stream.getvalue()


def test_without_jinja_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("page", "assets"):
        monkeypatch.delitem(sys.modules, f"strace_analyzer.report.html.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigurationError, match=r"strace-analyzer\[html\]"):
        written("html", sa.analyze(ERLANG))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_pictures(width: int, scheme: str, browser: Any, report: Path, tmp_path: Path) -> None:
    folder = ROOT / "docs" if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path
    picture = folder / f"html-{width}.png"
    size = {"width": width, "height": 2100}
    page, _ = opened(browser, report, viewport=size, color_scheme=scheme)
    page.screenshot(path=picture)
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (width, 2100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
