"""Lines that strace did not print, or not whole, which a reader passes on wherever they stand.

The prefilter skips lines by what they cannot change. These may say that others were left out, or
may be what is left of a call, so they are hits whatever the layout of the trace; and whoever judges
such lines (analysis/unread.py) asks here whether every reader sees them.
"""

from __future__ import annotations

import re

_NO_SIGNAL = rb"(?:[^Ss]|S[^I]|SI[^G]|s[^t]|st[^o])"
"""--- SIGCHLD, --- stopped by SIGSTOP --- are signals."""
_THINGS = (
    rb"(?:line|message|entr(?:y|ies)|row|record|call|syscall|byte|char(?:acter)?)s?[] .,:;)\n]"
)
_WORD = rb"[ \t]*(?:[0-9]{1,7} +)?(?:[0-9][0-9:.]+ +)?[a-z_][a-z0-9_]*\r?\n"
"""A record of which only a name is left."""

_BEGINNINGS = (
    rb"[^0-9a-z<+\- \t\n_]",  # [...], ..., (40 lines omitted), Output truncated
    rb"-(?:[^-]|-[^-]|--(?:[^ ]| %b))" % _NO_SIGNAL,
    rb"\+(?:[^+]|\+[^+])",  # no exit: +++ exited with 0 +++
    rb"<(?:[^.]|\.[^.])",  # no second half: <... read resumed>
    rb"[ \t]+[^0-9a-z<+\- \t>|\n]",  # no time, frame of a stack or dump of data
    rb"[a-z][a-z0-9_]*[] .,;:!?[/@-]",  # some lines were left out, rsyslogd[9]:
    rb"8<[- \n]",
)
_NUMBERED = (
    rb"[0-9][0-9,.]*k? (?:[A-Z]|(?:[a-z]+ ){0,2}%b)" % _THINGS,  # 4,000 more lines omitted
    _WORD,
)

STRAYS = tuple(rb"\n%b" % beginning for beginning in _BEGINNINGS)
"""The end of the line before and the beginning of such a line; the same for Hyperscan and re."""
NUMBERED = tuple(rb"\n%b" % beginning for beginning in _NUMBERED)
"""The same for lines that may begin like one with a pid."""

_begins = re.compile(b"|".join((*_BEGINNINGS, *_NUMBERED)).decode("ascii")).match


def is_stray(text: str) -> bool:
    """Return whether `text`, a line as it stands in the trace, is one that every reader gives."""
    return _begins(f"{text}\n") is not None
