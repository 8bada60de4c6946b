"""The values of `--format`, by what is written: a format is a module of this package (format.py),
and its name stands here for each of the functions that it defines, the default first."""

from typing import Final, Literal

DEFAULT: Final = "text"

ReportName = Literal[
    "text",
    "concise",
    "github",
    "html",
    "json",
    "jsonl",
    "junit",
    "markdown",
    "sarif",
    "suppressions",
    "trace-events",
]
"""reports of check, run and attach (`write`)"""
TableName = Literal["text", "csv", "json", "jsonl", "parquet"]
"""tables, such as those of sockets and ports (`table`)"""
ComparisonName = Literal["text", "html", "json", "markdown"]
"""compare (`comparison`)"""
MergedName = Literal["text", "html", "json", "markdown", "parquet"]
"""check with --merged (`merged`)"""
CheckName = Literal[ReportName, MergedName]
"""check: formats for reports, and those only for merged ones"""
EventsName = Literal["jsonl", "csv", "parquet"]
"""events, which have no text"""
TreeName = Literal["text", "json"]
"""tree, which has no columns"""
