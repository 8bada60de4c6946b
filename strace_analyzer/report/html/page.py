"""A report in, the whole HTML page out, with a policy under which it runs nothing but itself and
loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.html.cards import cards, not_known, outline
from strace_analyzer.report.html.sockets import SocketData, socket_data
from strace_analyzer.report.html.tables import charts, tables
from strace_analyzer.report.version import TOOL, version

_ROOM = "strace_analyzer.report.html"


class _Asset(NamedTuple):
    """A style or script, and what the policy calls it."""

    text: Markup
    hash: str


def page(report: Report) -> str:
    """The page. Everything a traced program said is escaped by Jinja or stands in the data block,
    which nothing runs."""
    selected = report.selected
    sockets = socket_data(selected)
    styles = [_asset("uPlot.min.css"), _asset("report.css")]
    scripts = [_asset("uPlot.iife.min.js"), _asset("report.js")]
    graphs = charts(selected)
    template = _environment().from_string(_text("page.html.j2"))
    return template.render(
        tool=f"{TOOL} {version()}",
        policy=_policy(styles, scripts),
        styles=[style.text for style in styles],
        scripts=[script.text for script in scripts],
        outline=outline(report),
        cards=cards(report),
        charts=graphs,
        timelines=sockets.timelines,
        shown=len(sockets.rows),
        total=sockets.total,
        not_known=not_known(selected),
        data=_block(sockets, {"tables": tables(selected), "charts": graphs}),
    )


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _text(name: str) -> str:
    return (files(_ROOM) / name).read_text(encoding="utf-8")


@cache
def _asset(name: str) -> _Asset:
    text = _text(name)
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return _Asset(Markup(text), f"'sha256-{digest}'")


def _policy(styles: list[_Asset], scripts: list[_Asset]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(script.hash for script in scripts)}",
            f"style-src {' '.join(style.hash for style in styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _block(sockets: SocketData, more: dict[str, object]) -> Markup:
    """The data for the script. `<` is escaped: nothing in it can end the block."""
    whole = {
        "strings": sockets.strings,
        "sockets": sockets.rows,
        "verdicts": sockets.verdicts,
        "timed": sockets.timed,
        "lanes": sockets.lanes,
        **more,
    }
    text = json.dumps(whole, separators=(",", ":")).replace("\x7f", "\\u007f")
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
