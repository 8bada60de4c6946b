"""The grounds of a verdict, of one trace or summed over many, and the decision: verdict and exit
status (listed in gate.py)."""

from __future__ import annotations

from typing import NamedTuple


class Grounds(NamedTuple):
    """The grounds of a verdict, of one trace or several. `with_` adds those of others, in any
    order."""

    levels: tuple[int, int, int] = (0, 0, 0)
    """numbers of errors, warnings, notes"""
    probable: int = 0
    unknown: int = 0
    connections: int = 0
    """outgoing TCP connections that were tried and judged"""
    made: int = 0
    """those of them that the trace shows to have been made"""
    failed_connections: int = 0
    left_out: int = 0
    """findings known from a baseline"""
    suppressed: int = 0
    """findings listed in a suppression file"""
    unasked: int = 0
    """findings of other rules or times than those asked for"""
    fails: bool = False
    """something is at or above the gate"""
    sighted: bool = False
    """something was found in a trace that could be judged; a note only counts if that trace shows
    everything"""
    blind: bool = False
    may_miss: bool = False
    lacked: bool = False
    """a connection was not made for want of a local port or address"""
    broken: bool = False
    """a rule raised an error, or one of several traces could not be read"""
    signal: int | None = None
    """the signal that kept a trace from being read to its end"""
    idle: bool = False
    """a trace made fewer connections than --min-connections requires"""
    inconclusive: bool = False
    """a trace by itself is inconclusive, though others may show something; or what it leaves open
    may be at the gate"""

    def with_(self, other: Grounds) -> Grounds:
        """Return the sum of both."""
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
    """Say why no finding is shown although the verdict is `findings`: they are known, or were not
    asked for. "" if something is shown, or for another verdict."""
    if sum(known.levels) or decide(known)[0] != "findings":
        return ""
    if known.left_out or known.suppressed:
        return "nothing new"
    return "nothing found of what was asked for"


def decide(known: Grounds) -> tuple[str, int]:
    """Return the verdict and the exit status."""
    found = sum(known.levels)
    if found and (known.fails or known.sighted):
        verdict = "findings"
    elif not found and (known.left_out or known.suppressed):
        verdict = "findings"  # all of them known: nothing new is no all-clear
    elif known.blind or known.unknown or known.may_miss or (known.lacked and not known.unasked):
        verdict = "inconclusive"
    elif known.lacked:
        verdict = "findings"  # the reason was found, but was not asked for
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
