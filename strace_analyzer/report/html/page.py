"""The HTML page of a report, with a policy that allows it to run only its own script and load
nothing."""

from __future__ import annotations

import json

from markupsafe import Markup

from strace_analyzer.plain import safe
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.html.assets import asset, colours, rendered
from strace_analyzer.report.html.cards import cards, outline
from strace_analyzer.report.html.sockets import SocketData, socket_data
from strace_analyzer.report.html.tables import charts, tables
from strace_analyzer.report.not_known import not_known


def page(report: Report) -> str:
    """Return the page. Everything that a traced program wrote is escaped by Jinja, or is in the
    data block, which is never executed."""
    selected = report.selected
    sockets = socket_data(selected)
    graphs = charts(selected)
    return rendered(
        "page.html.j2",
        [asset("uPlot.min.css"), colours()],
        [asset("uPlot.iife.min.js"), asset("report.js")],
        outline=outline(report),
        cards=cards(report),
        charts=graphs,
        timelines=sockets.timelines,
        shown=len(sockets.rows),
        total=sockets.total,
        not_known=[tuple(map(safe, item)) for item in not_known(selected)],
        data=_block(sockets, {"tables": tables(selected), "charts": graphs}),
    )


def _block(sockets: SocketData, more: dict[str, object]) -> Markup:
    """Return the data for the script. `<` is escaped, so that nothing in it can end the block."""
    whole = {
        "strings": sockets.strings,
        "sockets": sockets.rows,
        "verdicts": sockets.verdicts,
        "lanes": sockets.lanes,
        **more,
    }
    text = json.dumps(whole, separators=(",", ":")).replace("\x7f", "\\u007f")
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
