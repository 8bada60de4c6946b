"""What many traces come to in, one HTML page of tables out, with the style and the policy of the
report of one; it has no script."""

from __future__ import annotations

from itertools import islice

from strace_analyzer.findings import Level
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.grounds import decide
from strace_analyzer.report.html.assets import colours, policy, template_environment
from strace_analyzer.report.merged.tables import for_people, tables
from strace_analyzer.report.merged.words import extent, together
from strace_analyzer.report.rows import NUMBER
from strace_analyzer.report.version import TOOL, version

_MOST = 10_000
"""rows of a table; the JSON report and Parquet have all"""


def page(report: MergedReport) -> str:
    """The page. Everything a traced program said is escaped by Jinja."""
    made = report.made
    styles = [colours()]
    verdict, _ = decide(made.grounds)
    levels = zip(reversed(Level), made.grounds.levels, strict=True)
    level = next((str(level) for level, times in levels if times), None)
    return template_environment().get_template("merged.html.j2").render(
        tool=f"{TOOL} {version()}",
        policy=policy(styles, []),
        styles=[style.text for style in styles],
        badge=level or verdict.replace("-", " "),
        level=level or ("good" if verdict == "clean" else "doubt"),
        headline=together(made),
        extent=extent(made),
        tables=[
            {
                "name": table.name,
                "title": table.title,
                "columns": [
                    (name.replace("_", " "), kind == NUMBER) for name, kind in table.columns.items()
                ],
                "rows": [
                    [*map(for_people, table.columns, row)] for row in islice(table.rows(), _MOST)
                ],
                "more": sum(1 for _ in table.rows()) - _MOST,
            }
            for table in tables(made)
        ],
    )  # fmt: skip
