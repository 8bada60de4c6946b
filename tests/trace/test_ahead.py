"""The search ahead in another process, and what happens if it cannot be used."""

from __future__ import annotations

from strace_analyzer.trace.prefilter.ahead import ScanAhead
from strace_analyzer.trace.prefilter.scan import Scan, Searched


def test_a_search_that_this_process_needs_after_all_is_built_here() -> None:
    """Only the other process is known to have one thread, so that it can be copied."""
    built_here = []

    def scanner(*, apart: bool = False) -> Scan:
        built_here.append(apart)
        return lambda block: Searched([], None, len(block))

    ahead = ScanAhead(lambda: [b"a\n", b"bc\n"], 0, scanner)
    try:
        assert ahead(b"a\n").lines == 2
        assert built_here == []
        assert ahead(b"another\n").lines == 8  # the file has changed
        assert built_here == [False]
    finally:
        ahead.close()
