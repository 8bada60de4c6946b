"""The pages about tables run: pandas.md prints what it shows and draws its plots, events.md's SQL
answers over a Parquet file."""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from pathlib import Path

import duckdb
import pytest
from matplotlib.image import imread

from strace_analyzer.report.events.select import Selector, Wanted
from strace_analyzer.report.events.table import EventTables
from strace_analyzer.report.events.write import write
from strace_analyzer.trace.reader import traces

ROOT = Path(__file__).resolve().parents[2]
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?", re.M | re.S
)


def test_the_pandas_page_prints_what_it_shows_and_draws_its_plots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.symlink(ROOT / "docs", tmp_path / "docs")
    names: dict[str, object] = {}
    blocks = list(BLOCK.finditer((ROOT / "docs" / "pandas.md").read_text()))
    assert len(blocks) == 6  # the beginning, and five questions
    for block in blocks:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(block["code"], names)
        assert printed.getvalue().rstrip("\n") == (block["printed"] or "").rstrip("\n")
    plots = sorted(tmp_path.glob("*.png"))
    assert [plot.stem for plot in plots] == ["bytes", "connects", "descriptors", "failures", "idle"]
    for plot in plots:
        assert imread(plot).std() > 0.05, f"{plot.name} is blank"


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parquet") / "events.parquet"
    with path.open("w") as stream:
        write(EventTables(traces([str(ERLANG)]), Selector(Wanted())), "parquet", stream)
    return path


EXPECTED = {
    "The slowest connects": (879, "beam.smp", "127.0.0.1", 8001, 0.001327),
    "Which calls fail": ("connect", "EINPROGRESS", 40),
    "Bytes per destination": ("127.0.0.1", 53, 20, 36),
    "An argument by position": ("SOL_IP", "IP_TOS", 41),
    "Sockets that were bound": ("t1:31", 862, 864, 0.003072),
}
"""The first row of each answer, by the beginning of its question."""


@pytest.mark.parametrize("question", EXPECTED)
def test_sql_of_the_page_answers(question: str, parquet: Path) -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    (sql,) = re.findall(rf"^{question}.*?```sql\n(.*?)^```", page, re.M | re.S)
    rows = duckdb.sql(sql.replace("events.parquet", str(parquet))).fetchall()
    assert rows[0] == EXPECTED[question]


def test_parquet_says_whose_it_is_and_names_are_dictionaries(parquet: Path) -> None:
    types = dict(duckdb.sql(f"SELECT name, type FROM parquet_schema('{parquet}')").fetchall())
    assert types["line"] == "INT64"
    metadata = duckdb.sql(
        f"SELECT decode(value) FROM parquet_kv_metadata('{parquet}') "
        "WHERE decode(key) = 'strace_analyzer'"
    ).fetchall()
    assert '"clock": "time-of-day"' in metadata[0][0]
