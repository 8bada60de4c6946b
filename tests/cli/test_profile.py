"""`check --profile`: where the time went, by package and by function."""

from __future__ import annotations

import json

from cli.running import ERLANG, run

from strace_analyzer.cli.profile import by_package
from strace_analyzer.trace.decode import literals

OTHERS = "Python and libraries"


def test_the_packages_and_functions_are_printed() -> None:
    done = run("check", "--profile", ERLANG)
    assert done.stdout == run("check", ERLANG).stdout
    head, *rows = done.stderr.splitlines()
    assert head == "strace-analyzer: seconds by package, longer than without cProfile"
    table = rows[: next(at for at, row in enumerate(rows) if row.split()[0] == "all") + 1]
    packages = {row[:40].strip(): float(row[40:]) for row in table}
    assert set(packages) >= {"strace_analyzer.kernel", "strace_analyzer.trace.decode", OTHERS}
    assert "function calls" in rows[len(table)]


def test_what_is_done_in_c_belongs_to_the_package_that_asked_for_it() -> None:
    function = (literals.__file__, 46, "unescape")
    library = (json.__file__, 1, "loads")
    split = ("~", 0, "<method 'split' of 're.Pattern' objects>")
    stats = {
        function: (1, 1, 0.5, 0.75, {}),
        library: (1, 1, 0.25, 0.5, {function: (1, 1, 0.25, 0.5)}),
        split: (3, 3, 3.0, 3.0, {function: (2, 2, 2.0, 2.0), library: (1, 1, 1.0, 1.0)}),
    }
    assert by_package(stats) == {"strace_analyzer.trace.decode": 2.5, OTHERS: 1.25}
