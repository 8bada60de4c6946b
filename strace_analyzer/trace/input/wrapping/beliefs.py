"""Which kinds of wrapping are believed of a source: they made records of lines that are none as
they stand. What was seen of it so far decides how each of its lines is read."""

from __future__ import annotations

import re
from collections import Counter, deque

from strace_analyzer.trace.input.wrapping.constant import Constant, likeness, places, wrapped_places
from strace_analyzer.trace.input.wrapping.escapes import SHOWN_FOLDS, SPACED
from strace_analyzer.trace.input.wrapping.grade import Grade
from strace_analyzer.trace.input.wrapping.joins import joins
from strace_analyzer.trace.input.wrapping.levels import Levels
from strace_analyzer.trace.input.wrapping.numbering import Numbering
from strace_analyzer.trace.input.wrapping.peeled import Peeled
from strace_analyzer.trace.input.wrapping.prefixes import MARKS, QUOTING
from strace_analyzer.trace.input.wrapping.reading import Chain, GrammarReader, Reading, without
from strace_analyzer.trace.input.wrapping.removed import Removed
from strace_analyzer.trace.input.wrapping.search import is_hopeful, search, search_inside
from strace_analyzer.trace.input.wrapping.structured import JSON, JSON_STRING, LOGFMT

SAMPLE = 100
"""After this many records as strace prints them, without a sign of wrapping, none is looked for."""
_AGAIN = 8
"""The same after a line that was not understood, which follows SAMPLE ordinary ones."""
_OFTEN = 200
"""After this many such lines, they count as output of the traced program."""
_FEW = 8
"""Up to this many ordinary records, and for one line that looks wrapped, there is no evidence
yet."""
_VAIN = 500
"""After this many hopeful lines without a record, no wrapping is looked for any more."""
_LONGEST = 1 << 16
"""Bytes of a line that are searched for kinds of wrapping not known yet."""
_SHOWN = (b"$", b"\\")
_OF_A_CALL = re.compile(
    rb"\b(?:hton[sl]|inet_(?:addr|pton)|makedev)\(|\b(?:sa_family|s(?:in6?|s|un|ll|nl)_[a-z_]+)="
    rb"|\b(?:AF|PF|SOCK|IPPROTO|SOL|SO|MSG)_[A-Z]"
)
"""What strace prints inside the parentheses of a call, and no log before one."""
_BEGINNING = 200
"""Bytes of a record that are kept to learn what may precede one."""
_WHOLE, _PART, _BELIEVED = 2, 1, 3
"""Weights of a record, or its beginning, after a prefix; and the total needed to believe the
prefix."""


class Beliefs:
    """What is believed of one source. Ask for the `reading` of each line, or what is `known` of it,
    then tell what was `took`."""

    def __init__(self, reader: GrammarReader, numbering: Numbering, removed: Removed) -> None:
        self._reader = reader
        self._numbering = numbering
        self._removed = removed
        self.levels = Levels(reader)
        self.chains: list[Chain] = []
        """What is around lines, the last that was found first."""
        self._sample = SAMPLE
        self._tries = 0
        """How often the search for a wrapping was resumed."""
        self._guesses = Counter[bytes]()
        """Evidence for prefixes that no known tool prints."""
        self._evidence: Counter[Chain] = Counter()
        self._usual = deque[bytes](maxlen=SAMPLE)
        """Beginnings of the last records that were as strace prints them."""
        self.ordinary = 0
        """Records that were as strace prints them."""
        self._behind_words = 0
        """Records preceded by text that may be output of the traced program."""
        self._is_amid = False
        """A wrapped record has begun and not ended: what follows is its rest, and not a new kind of
        wrapping."""
        self._above = b""
        """The lines above, if a record as strace prints it has begun there and not ended."""
        self._widths = set[int]()
        """Widths of lines that do not end as `sed -n l` ends them."""
        self._vain = 0
        """Hopeful lines without a record."""

    @property
    def are_settled(self) -> bool:
        """Whether nothing more is looked for, unless a wrapping was found."""
        return self.ordinary >= self._sample or self._vain >= _VAIN

    def again(self) -> bool:
        """Return whether to look for a wrapping again, which may begin here."""
        if self._tries >= _OFTEN or self._vain >= _VAIN:
            return False
        self._tries += 1
        self.ordinary, self._sample = 0, _AGAIN
        self._evidence.clear()
        return True

    def took(self, raw: bytes, reading: Reading, chain: Chain) -> None:
        """Note how a line was read; `chain` is what was removed from it in the end."""
        grade = reading.grade
        if grade >= Grade.BEGUN:
            self._is_amid = chain != () and grade is Grade.BEGUN
            self._above = raw if not chain and grade is Grade.BEGUN else b""
        elif self._above:
            self._above = self._above + raw if len(self._above) < _LONGEST else b""
        if not chain and grade >= Grade.STRANGE:
            self.ordinary += reading.is_plain
            if reading.is_plain:
                self._usual.append(raw[:_BEGINNING])
            self._behind_words += not reading.is_plain

    def reading(self, raw: bytes) -> Reading | None:
        """Return the best reading of a line; None if another line like it is needed to decide."""
        known = self.known(raw)
        is_doubtful = known.grade is Grade.STRANGE or not known.is_plain
        if known.grade >= Grade.STRANGE and is_doubtful and not (self.ordinary or known.chain):
            return self._guess(raw, known)
        if known.grade >= Grade.STRANGE or known.peeled.goes_on or not raw:
            return known
        is_numbered = known.chain != () and known.chain == self._numbering.chain
        if (known.chain and not is_numbered) or self._reader.is_begun(known) or self._is_amid:
            return known
        if self.ordinary >= _FEW:
            return known
        layers = () if known.chain else (JSON, JSON_STRING)
        peeled = ((layer, layer.peel(raw)) for layer in layers)
        layer, member = next((one for one in peeled if one[1] is not None), (JSON, None))
        if member is None:
            return self._guess(known.peeled.text, known)
        inside = Reading(member, Grade.FOREIGN, (layer,))
        guessed = self._guess(member.text, inside)
        return known if guessed is inside else guessed

    def known(self, raw: bytes) -> Reading:
        """Return the best reading of a line unchanged, like the lines before it, or in a known
        kind."""
        best: Reading | None = None
        for index, chain in enumerate(self.chains):
            peeled = without(chain, raw)
            if peeled is None:
                continue
            reading = self._reader.weighed(peeled, chain)
            if reading.grade >= Grade.STRANGE or peeled.goes_on:
                if index:
                    self.chains.insert(0, self.chains.pop(index))
                return reading
            if QUOTING in chain and peeled.depth > 1:
                reading = self.levels.chosen(raw, reading)
            best = best or reading
        plain = self._reader.weighed(Peeled(raw), ())
        is_whole = plain.grade >= Grade.STRANGE
        if is_whole and self._reader.is_plain(raw):
            return plain
        best = best or plain._replace(is_plain=not is_whole)
        if len(raw) <= _LONGEST and is_hopeful(raw):
            found = search(self._reader, raw)
            if best.chain and (found is None or found.grade < Grade.STRANGE):
                found = search_inside(self._reader, best) or found
            self._vain += found is None
            known = Grade.BEGUN if is_whole else best.grade
            if (
                found is not None
                and (found.grade > known or self._is_of_an_object(found, raw, known))
                and self._is_believed(found, raw, best.chain)
            ):
                return found
        if not raw.endswith(_SHOWN):
            self._widths.add(len(raw))
        return best

    def _completes_the_above(self, raw: bytes) -> bool:
        """Whether a line is the rest of the record that the lines above begin."""
        return self._above != b"" and any(
            self._reader.grade(text) >= Grade.OPEN for text in joins(self._above, raw)
        )

    def _is_believed(self, found: Reading, raw: bytes, known: Chain) -> bool:
        """Whether `found` is no coincidence; layers that are in `known` never are."""
        if SPACED in found.chain and found.grade < Grade.OPEN:  # prose: `some word (x) = y`
            return False
        if SHOWN_FOLDS in found.chain and raw.endswith(b"\\") and len(raw) in self._widths:
            return False
        self._evidence[found.chain] += 1
        sure = (QUOTING, MARKS, *known)
        is_log = any(layer.is_around and layer not in sure for layer in found.chain)
        if is_log and self._evidence[found.chain] <= (
            self.ordinary + self._behind_words + self._removed.read.total()
        ):
            return False
        self.chains.insert(0, found.chain)
        return True

    def _is_of_an_object(self, found: Reading, raw: bytes, known: Grade) -> bool:
        """Whether a record begins in a string of a whole object, and not behind output of the
        traced program, which the object looks like to the grammar."""
        is_object = found.chain[0] in (JSON, JSON_STRING, LOGFMT)
        return is_object and found.grade is known is Grade.BEGUN and not self._reader.is_plain(raw)

    def _guess(self, raw: bytes, known: Reading) -> Reading | None:
        """Read a line, perhaps after its number, by a prefix of no known kind, if an earlier line
        had one like it; None if none had yet."""
        if self._completes_the_above(raw):
            return known
        folded = 0
        for place in places(raw):
            grade = self._reader.grade(raw[place:])
            if not self._reader.is_plain(raw[place:]):
                continue
            if (
                grade is Grade.BEGUN
                and not self.ordinary
                and self._reader.names_a_call(raw[place:])
            ):
                folded = folded or place
            if grade >= Grade.OPEN:
                return self._guessed(raw, place, Reading(Peeled(raw[place:]), grade, ()), known)
        for place in wrapped_places(raw) if is_hopeful(raw) else ():
            found = search(self._reader, raw[place:])
            if found is not None and found.grade >= Grade.STRANGE:
                return self._guessed(raw, place, found, known)
        if folded:
            text = Peeled(raw[folded:])
            return self._guessed(raw, folded, Reading(text, Grade.BEGUN, ()), known)
        return known

    def _guessed(self, raw: bytes, place: int, inside: Reading, known: Reading) -> Reading | None:
        """Return the reading of `raw` in which `inside` begins at offset `place`."""
        if raw[:place].isspace() or _OF_A_CALL.search(raw[:place]) is not None:
            return known
        like = likeness(raw[:place])
        self._guesses[like] += _WHOLE if inside.grade > Grade.BEGUN else _PART
        if self._guesses[like] < _BELIEVED:
            return None
        constant = Constant(raw[:place])
        if self._tries and any(map(constant.peel, self._usual)):
            return known  # what strace itself prints there, damaged
        chain = (*known.chain, constant, *inside.chain)
        self.chains.insert(0, chain)
        return inside._replace(chain=chain)
