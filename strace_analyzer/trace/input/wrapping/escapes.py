"""Undo the escaping of HTML, mail, Markdown, terminals and word processors."""

from __future__ import annotations

import binascii
import html
import re

from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled


class _Escape:
    is_around = False


class Html(_Escape):
    """Entities in any spelling, the tags of preformatted text, and elements of XML."""

    name = "HTML"
    _TAGS = re.compile(
        rb"</?(?:br|pre|code|p|div|span|tt|samp|kbd|blockquote|li|b|i|u|em|strong|font|td|tr|a|mark"
        rb"|html|body|main|section|article|ul|ol|table|tbody|th|small|hr)"
        rb"(?: [^<>]*)?/?>",
        re.IGNORECASE,
    )
    _ELEMENT = re.compile(rb"[ \t]*<([A-Za-z][\w:.-]*)(?: [^<>]*)?>(?P<text>.*)</\1>[ \t]*")
    _END_OF_CELL = re.compile(rb"</t[dh]>[ \t]*(?=.)", re.IGNORECASE)
    _ENTITY = re.compile(rb"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")

    def is_sure(self, text: bytes) -> bool:
        """Whether a tag ends the text, which the grammar would take for a file note of -y."""
        return text.endswith(b">") and self._TAGS.fullmatch(text, text.rfind(b"<")) is not None

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without tags, entities as characters, and tabs between table cells."""
        element = self._ELEMENT.fullmatch(text)
        plain = self._END_OF_CELL.sub(b"\t", text if element is None else element["text"])
        plain = self._ENTITY.sub(self._character, self._TAGS.sub(b"", plain))
        return None if plain == text else Peeled(plain.rstrip(b"\t"))

    @staticmethod
    def _character(match: re.Match[bytes]) -> bytes:
        return (
            html.unescape(match[0].decode("ascii")).replace("\xa0", " ").encode("utf-8", "replace")
        )


class QuotedPrintable(_Escape):
    """RFC 2045, 6.7: `=3D` for `=`, and `=` at the end of a line that continues."""

    name = "quoted-printable"
    _ESCAPED = re.compile(rb"=([0-9A-Fa-f]{2})")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the decoded text; it continues if it ends in `=`."""
        goes_on = text.endswith(b"=")
        body = text[:-1] if goes_on else text
        plain = self._ESCAPED.sub(lambda match: binascii.unhexlify(match[1]), body)
        if plain == text or not (goes_on or b"=3D" in body or b"=3d" in body or b"=20" in body):
            return None
        return Peeled(plain, goes_on=goes_on)

    @staticmethod
    def is_cut(text: bytes) -> bool:
        """Whether the text ends where one of its encoded characters may have been split: `=3`."""
        return text.endswith(b"=") or text[-2:-1] == b"="


class Markdown(_Escape):
    """Backslashes before punctuation that strace does not escape, bold and code marks."""

    name = "Markdown"
    _ESCAPED = re.compile(rb"\\([_\[\]*<>{}()#+.!|~`&=:;,/-])")
    _QUOTE = re.compile(rb'(?<!\\)"')
    _MARKS = re.compile(rb"[ \t]*(?:[-*+][ \t]+)?(\*{1,3}|_{1,3}|`{1,3}|~~)(?P<text>.*?)\1[ \t]*")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without marks around it, escapes as characters."""
        plain = text
        match = self._MARKS.fullmatch(plain)
        if match is not None:
            plain = match["text"]
        elif b"`" in plain or b"**" in plain:
            plain = plain.replace(b"**", b"").replace(b"`", b"")
        if self._QUOTE.search(plain) is None:  # strace escapes quotes only within quotes
            plain = plain.replace(rb"\"", b'"')
        plain = self._ESCAPED.sub(rb"\1", plain)
        return None if plain == text else Peeled(plain)


class Typography(_Escape):
    """Quotes, blanks, dashes and dots as word processors and web logs write them, and the wide
    characters of East Asian texts."""

    name = "typographic characters"
    _TABLE = str.maketrans(
        {
            **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u2033", '"'),
            **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
            **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
            **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
            **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
            "\u2026": "...",
            "\u2039": "<",
            "\u203a": ">",
            **{chr(0xFF00 + code - 0x20): chr(code) for code in range(0x21, 0x7F)},
            **{chr(0xFB00 + at): text for at, text in enumerate(("ff", "fi", "fl", "ffi", "ffl"))},
        }
    )

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text with ASCII characters in their place."""
        if text.isascii():
            return None
        plain = text.decode("utf-8", "surrogateescape").translate(self._TABLE)
        raw = plain.encode("utf-8", "surrogateescape")
        return None if raw == text else Peeled(raw)


class Fence(_Escape):
    """The mark around preformatted text, on its first or last line."""

    name = "code fences"
    _MARK = (
        rb"(?:\[/?code[^\[\]]*\]|\{(?:code|noformat)[^{}]*\}|\{{3}|\}{3}|(?<!`)`{3,}+|(?<!~)~{3,}+)"
    )
    _FENCES = re.compile(rb"\A[ \t]*%b[ \t]*|(?<![ \t])[ \t]*%b[ \t]*\Z" % (_MARK, _MARK))

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without the mark."""
        plain = self._FENCES.sub(b"", text)
        return None if plain == text else Peeled(plain)


class Tabs(_Escape):
    """Tabs instead of blanks, as unexpand(1) and terminals make them: strace prints none."""

    name = "tabs for blanks"
    _ARGUMENTS = re.compile(rb"\(| resumed>")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text with blanks after commas and where the arguments have begun; before them,
        cells of a table end in tabs."""
        arguments = self._ARGUMENTS.search(text)
        begin = len(text) if arguments is None else arguments.start()
        plain = text[:begin].replace(b",\t", b", ") + text[begin:].replace(b"\t", b" ")
        return None if plain == text else Peeled(plain)


class Caret(_Escape):
    """Colours in which the escape character is written as by `cat -v`, the journal or syslog."""

    name = "colours written out"
    _COLOUR = re.compile(rb"(?:\^\[|#033|\\(?:e|033|x1[bB]|u001[bB]))\[[0-9;]*[mK]")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without colours."""
        plain = self._COLOUR.sub(b"", text)
        return None if plain == text else Peeled(plain)


class Octal(_Escape):
    """`#015` for a carriage return: how rsyslog writes control characters
    (escapeControlCharactersOnReceive), and others that its filters escape."""

    name = "characters as rsyslog escapes them"
    _ESCAPED = re.compile(rb"#([0-3][0-7]{2})")
    _CUT = re.compile(rb"#(?:[0-3][0-7]?)?\Z")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text with characters; a line feed at the end of the message is left out, and
        a tab is a blank, because strace prints none."""
        plain = self._ESCAPED.sub(self._character, text)
        return None if plain == text else Peeled(plain.rstrip(b"\r\n"))

    @staticmethod
    def _character(match: re.Match[bytes]) -> bytes:
        return b" " if match[1] == b"011" else bytes([int(match[1], 8)])

    def is_cut(self, text: bytes) -> bool:
        """Whether the text ends in part of an escape: `#01`."""
        return self._CUT.search(text, max(0, len(text) - 3)) is not None


class ShownEnds(_Escape):
    """`$` at the end of each line, as `cat -A` shows it."""

    name = "cat -A"

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without it, and with real tabs."""
        return Peeled(text[:-1].replace(b"^I", b"\t")) if text.endswith(b"$") else None


class ShownFolds(_Escape):
    """`$` at the end of each line, `\\` where it is folded, and escapes in between: `sed -n l`."""

    name = "sed -n l"
    _ESCAPED = re.compile(rb"\\(?:\\|[abfnrtv]|([0-3][0-7]{2}))")
    _NAMES, _CHARACTERS = b"abfnrtv\\", b"\a\b\f\n\r\t\v\\"

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text with escapes as characters; it continues if it ends in a backslash."""
        if not text.endswith((b"$", b"\\")):
            return None
        plain = self._ESCAPED.sub(self._character, text[:-1])
        return Peeled(plain, goes_on=text.endswith(b"\\"))

    def _character(self, match: re.Match[bytes]) -> bytes:
        return bytes(
            [int(match[1], 8) if match[1] else self._CHARACTERS[self._NAMES.index(match[0][1])]]
        )


class Spaced(_Escape):
    """Blanks around the parenthesis of a call, as in some C styles."""

    name = "blanks around parentheses"
    _OPENING = re.compile(rb"([^(\"]*?[a-z0-9_])(?:[ \t]+\([ \t]*|\([ \t]+)")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text without the blanks at the first parenthesis."""
        match = self._OPENING.match(text)
        return None if match is None else Peeled(match[1] + b"(" + text[match.end() :])


HTML = Html()
OCTAL = Octal()
SPACED = Spaced()
QUOTED_PRINTABLE = QuotedPrintable()
SHOWN_FOLDS = ShownFolds()
ESCAPES: tuple[Layer, ...] = (
    *(HTML, QUOTED_PRINTABLE, Caret(), OCTAL, Markdown(), Typography()),
    *(ShownEnds(), SHOWN_FOLDS, SPACED, Fence(), Tabs()),
)
