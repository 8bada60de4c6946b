"""What was found, hidden and failed, of one trace or of many added up -> the verdict and the exit
status (gate.py says which there are)."""

from __future__ import annotations

from typing import NamedTuple


class Grounds(NamedTuple):
    """What a verdict rests on, of one trace or of several: `with_` adds what others rest on, in any
    order."""

    levels: tuple[int, int, int] = (0, 0, 0)
    """findings that are errors, warnings, notes"""
    probable: int = 0
    unknown: int = 0
    connections: int = 0
    """outgoing TCP connections that were tried, and judged"""
    made: int = 0
    """of them, those that the trace shows to have been made"""
    failed_connections: int = 0
    left_out: int = 0
    """findings that are known from a baseline"""
    suppressed: int = 0
    """findings that a file of suppressions lists"""
    unasked: int = 0
    """findings that are not of the rules or the time asked for"""
    fails: bool = False
    """something is at or above the gate"""
    sighted: bool = False
    """something was found in a trace that could be judged"""
    blind: bool = False
    may_miss: bool = False
    lacked: bool = False
    """a connection was not made for want of a local port or address"""
    broken: bool = False
    """a rule raised an error, or one of several traces could not be read"""
    signal: int | None = None
    """kept a trace from being read to its end"""
    idle: bool = False
    """a trace made fewer connections than --min-connections asks for"""
    inconclusive: bool = False
    """a trace is, by itself, though others may show something"""

    def with_(self, other: Grounds) -> Grounds:
        """Both."""
        both = (self, other)
        errors, warnings, notes = map(sum, zip(self.levels, other.levels, strict=True))
        return Grounds(
            levels=(errors, warnings, notes),
            probable=self.probable + other.probable,
            unknown=self.unknown + other.unknown,
            connections=self.connections + other.connections,
            made=self.made + other.made,
            failed_connections=self.failed_connections + other.failed_connections,
            left_out=self.left_out + other.left_out,
            suppressed=self.suppressed + other.suppressed,
            unasked=self.unasked + other.unasked,
            fails=self.fails or other.fails,
            sighted=self.sighted or other.sighted,
            blind=self.blind or other.blind,
            may_miss=self.may_miss or other.may_miss,
            lacked=self.lacked or other.lacked,
            broken=self.broken or other.broken,
            signal=min((one.signal for one in both if one.signal is not None), default=None),
            idle=self.idle or other.idle,
            inconclusive=self.inconclusive or other.inconclusive,
        )


def nothing(known: Grounds) -> str:
    """What to say instead of `findings` where none is shown: they are known, or were not asked for.
    Empty where something was found, or the verdict is another."""
    if sum(known.levels) or decide(known)[0] != "findings":
        return ""
    if known.left_out or known.suppressed:
        return "nothing new"
    return "nothing found of what was asked for"


def decide(known: Grounds) -> tuple[str, int]:
    """The verdict and the exit status."""
    found = sum(known.levels)
    if found and (known.fails or known.sighted):
        verdict = "findings"
    elif not found and (known.left_out or known.suppressed):
        verdict = "findings"  # all of them known: nothing new is no all-clear
    elif known.blind or known.unknown or known.may_miss or (known.lacked and not known.unasked):
        verdict = "inconclusive"
    elif known.lacked:
        verdict = "findings"  # what was lacked is found, but was not asked for
    else:
        verdict = "clean" if known.made else "no-connections"
    if known.broken:
        return verdict, 2
    if known.fails:
        return verdict, 1
    if known.signal is not None:
        return verdict, 128 + known.signal
    if known.blind or known.inconclusive or verdict == "inconclusive":
        return verdict, 2
    return verdict, int(known.idle)
