"""Describe how many connections were tried, made and failed. One that failed or got no answer was
not made."""

from __future__ import annotations

from strace_analyzer.plain import count, number


def reach(made: int, tried: int) -> str:
    """Format `3 outgoing TCP connections`, `5 outgoing TCP connections (2 not made)`, `2 outgoing
    TCP connections (none made)`. All tried connections are counted, as in "N of M bound early"."""
    said = count(tried, "outgoing TCP connection")
    if made == tried:
        return said
    if made:
        return f"{said} ({number(tried - made)} not made)"
    return f"{said} ({'not' if tried == 1 else 'none'} made)"


def made_of(made: int, tried: int) -> str:
    """Format `3`, `3 of 5`, for a table."""
    return number(made) if made == tried else f"{number(made)} of {number(tried)}"


def not_made(made: int, tried: int, failed: int) -> str:
    """Say what became of those not made: `2 failed`, `1 more failed and 1 is not seen to have been
    made` (if some were made); "" if all were made."""
    failed = min(failed, tried - made)
    unseen = tried - made - failed
    more = " more" if made else ""
    said: list[str] = []
    if failed:
        said.append(f"{number(failed)}{more} failed")
    if unseen:
        more = "" if said else more
        verb = "is" if unseen == 1 else "are"
        said.append(f"{number(unseen)}{more} {verb} not seen to have been made")
    return " and ".join(said)
