"""Takes a line that strace did not print, gives whether it says that lines were left out: by hand,
by a log that limits its rate or its size, by a page that shows the beginning only, by a pager.

Such a line is a whole sentence of a small grammar: a count, a noun and a verb of leaving out in
any usual order, perhaps behind what a log writes before each line; or a lone rule, ellipsis or pair
of scissors. Other text on the line makes it a program's output, which says nothing of the trace.
"""

from __future__ import annotations

import re
from functools import cache

_LONGEST = 200
"""The most characters such a line may have."""

_GONE = (
    r"(?:removed|skipped|omitted|deleted|elided|truncated|snipped|cut(?: off)?|left out|not shown"
    r"|hidden|trimmed|stripped|suppressed|dropped|discarded|lost|missed|missing|collapsed|folded"
    r"|abridged|redacted|clipped|throttled|filtered(?: out)?|abgeschnitten|ausgelassen"
    r"|gek\N{LATIN SMALL LETTER U WITH DIAERESIS}rzt)"
)
_DOING = (
    r"(?:omitting|skipping|dropping|truncating|suppressing|hiding|removing|discarding|deleting"
    r"|eliding|snipping|losing|missing|cutting)"
)
_SURE = r"(?:omitted|elided|truncated|trimmed|snipped|not shown|left out)"
_NOUN = (
    r"(?:(?:kernel|log|trace|output|identical|similar|repeated|duplicate|syslog) ){0,2}"
    r"(?:lines?|messages?|entries|entry|rows?|records?|calls?|syscalls?|system calls?)"
)
_SIZE = r"(?:bytes?|characters?|chars?|[kmg]i?b)"
_WHOLE = (
    r"(?:(?:this|the|some|many|more|most|other|similar|all other|job's|rest of the) ){0,2}"
    r"(?:(?:build|job|log|file'?s?|trace|strace|tool|the) ){0,2}"
    r"(?:output|log|logs|trace|file|content|contents|text|lines?|messages|calls|rest|remainder)"
)
_COUNT = (
    r"(?:(?:about|around|approx\.?|another|further|other|and|the|next|last|first|~) ?){0,3}"
    r"(?=[\d.,]*[1-9])\d[\d,.]{0,12}k?"
)
_MORE = r"(?:more|other|others?|further|additional)"
_BE = r"(?:(?:was|were|is|are|has been|have been|got) )?"
_TAIL = (
    r"(?: (?:for (?:brevity|clarity|privacy|readability|space)|here|by hand|in between|because .+"
    r"|due to .+|(?:from|by|of|in|for) .+|at .+|to .+))?"
)

_SENTENCES = (
    # 40 lines removed; 1,200 more lines; 3 other messages were lost from pid 7
    rf"{_COUNT} (?:{_MORE} )?{_NOUN} {_BE}{_GONE}{_TAIL}",
    rf"{_COUNT} (?:more|other|similar|additional|further) (?:{_NOUN})(?: like (?:this|these))?",
    rf"{_COUNT} (?:more )?{_SIZE} {_BE}{_SURE}{_TAIL}",
    # truncated 300 lines; Suppressed 1200 messages from prog.service
    rf"(?:{_GONE}|{_DOING}) {_COUNT} (?:{_MORE} )?(?:{_NOUN})(?:{_TAIL}|\b.{{0,60}})",
    rf"{_SURE} (?:after )?{_COUNT} {_SIZE}",
    rf"(?:begins?|began|started|starts) (?:to drop|dropping|to lose|losing|to suppress) {_NOUN}"
    rf"{_TAIL}",
    # the log was truncated; some lines left out for brevity
    rf"{_WHOLE} (?:{_BE}|will be ){_GONE}{_TAIL}",
    rf"(?:{_SURE}|snip(?:ped)?){_TAIL}",
    rf"{_WHOLE}(?: length| size)? (?:has |have )?(?:exceeded|exceeds|reached|over|hit) "
    r"(?:the )?(?:maximum )?(?:size )?limit(?: of .+)?",
    rf"{_WHOLE}(?: length| size)? limit (?:was |has been )?(?:reached|exceeded|hit)",
    r".{0,40}no more output will be (?:collected|shown|recorded)",
    r"view (?:remainder|the rest|more) of .+",
    # what was not written a second time
    rf"(?:last |previous )?(?:message|line)s? (?:{_BE})repeated {_COUNT} times",
    r"(?:the )?same for (?:the |all )?(?:other|rest|remaining).{0,40}",
    r"(?:lots|many|hundreds|thousands|\d+) (?:of |more )+(?:lines|calls|these|the same|like)"
    r".{0,30}",
    r"(?:continues|goes on|repeats|and so on) (?:like this|the same|in the same way).{0,50}",
)
_SENTENCE = "|".join(f"(?:{one})" for one in _SENTENCES)

_RULE = (
    # [...], <snip>, a vertical ellipsis, the separator of grep -A, -- >8 --, --8<--- snip ---
    r"[\W_]{0,8}(?:\.\.\.|\N{HORIZONTAL ELLIPSIS})[\W_]{0,8}"
    r"|[\W_]{0,8}\N{VERTICAL ELLIPSIS}[\W_]{0,8}|--|etc\.*"
    r"|[-=_*#~+<>\[\]() ]*(?:8<|>8|%<|\N{BLACK SCISSORS}|\N{WHITE SCISSORS})[-=_*#~+<>\[\]() ]*"
    r"(?:(?:cut|snip)(?: here)?[-=_*#~+<>\[\]() 8]*)?"
    r"|[\W_]*s(?:ch)?n[ia]pp?(?:ed)?(?: here)?[\W_]*"
    # (repeats), [REDACTED], # cut, <<< 22 lines >>>, + 55 lines: no sentences, but in brackets
    rf"|[^\w\s.,:'\"]+ *(?:{_GONE}|repeats|repeated|cut here|{_COUNT} lines?) *[^\w\s]*"
    # what a pager writes below what it shows
    r"|lines \d+-\d+(?:/\d+)?(?: \d+%)?|-- ?more ?--(?: ?\(\d+%\))?"
    # a log from which a part was moved away, or that begins again
    r"|[^\"()]{0,70}\"?[^\"]{0,70}\"?: file (?:was )?rotated|-- reboot --"
)
_WORDS = rf"{_GONE}|{_DOING}|repeat|more|other|similar|limit|drop|same|like|snip|view|lose|losing"
_PREFIXED = re.compile(r"[^()\"]{0,79}[\]:] +(?:im[a-z]+:? )?|im[a-z]+ ")
"""What a log writes before a line: a time, a host, the program and its pid, a part of rsyslogd."""
_END = re.compile(r"[.;,] +")
_EDGES = re.compile(r"\A(?:[\W_]|x{2,} )+|(?:[\W_]| x{2,})+\Z|\A(?:and|with) ", re.IGNORECASE)
COLUMN = frozenset({".", ":", "|"})
"""What stands for lines left out if several lines of it follow each other: one alone may be any
program's, which shows how far it got."""


def states_omission(text: str) -> bool:
    """A line that strace did not print says that lines were left out here: `[...]`, `<snip>`,
    `-- 120 lines skipped --`, `(output truncated)`, `Suppressed 1200 messages from a.service`."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return False
    if _compiled(_RULE).fullmatch(text) is not None:
        return True
    if _compiled(_WORDS).search(text) is None:
        return False
    prefixed = _PREFIXED.match(text)
    texts = (text,) if prefixed is None else (text, text[prefixed.end() :])
    return any(_is_sentence(part) for whole in texts for part in (whole, *_END.split(whole)))


def _is_sentence(text: str) -> bool:
    return _compiled(_SENTENCE).fullmatch(_EDGES.sub("", text)) is not None


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """The `expression`, compiled when first needed: it takes several milliseconds, and strace
    prints all lines of most traces."""
    return re.compile(expression, re.IGNORECASE)
