"""Takes how many connections were tried, made, and failed, gives the words: one that failed, or
that nothing answered, was not made."""

from __future__ import annotations

from strace_analyzer.plain import count, number


def reach(made: int, tried: int) -> str:
    """`3 outgoing TCP connections`, `5 outgoing TCP connections (2 not made)`,
    `2 outgoing TCP connections (none made)`: all that were tried are counted, as where so many of
    them are said to be bound early."""
    said = count(tried, "outgoing TCP connection")
    if made == tried:
        return said
    if made:
        return f"{said} ({number(tried - made)} not made)"
    return f"{said} ({'not' if tried == 1 else 'none'} made)"


def made_of(made: int, tried: int) -> str:
    """`3`, `3 of 5`: for a table."""
    return number(made) if made == tried else f"{number(made)} of {number(tried)}"


def not_made(made: int, tried: int, failed: int) -> str:
    """What became of those that were not made: `2 failed`, `1 more failed and 1 is not seen to have
    been made` (where some were); empty where all were made."""
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
