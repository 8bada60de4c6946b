"""Assign tokens to addresses, paths and names: equal values have equal tokens, numbered in order of
first appearance."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address

_KEPT = frozenset(map(ip_address, ("0.0.0.0", "127.0.0.1", "::", "::1")))
"""what every machine has: the wildcard address and the host itself"""


class Tokens:
    """`addr-1` is IPv4, `::addr6-1` IPv6, `127.addr-1` another loopback address; `path-1`, `cmd-1`,
    `host-1`; `if-1` is a network interface. An IPv6 token has colons so that it is recognized, and
    put in brackets before a port."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, kind: str, text: str) -> str:
        """Return the token of `text`."""
        token = self._known.get((kind, text))
        if token is None:
            self._counts[kind] += 1
            token = self._known[kind, text] = f"{kind}-{self._counts[kind]}"
        return token

    def address(self, text: str) -> str:
        """Return the token of an internet address, including its scope (`%eth0`). Other text, and
        the few addresses that every machine has, are returned unchanged."""
        host, percent, scope = text.partition("%")
        try:
            known = ip_address(host)
        except ValueError:
            return text
        if known in _KEPT:
            return host + percent + self.interface(scope)
        return self._of_address(known, text)

    def interface(self, name: str) -> str:
        """Return the token of a network interface; `lo` exists on every machine and is kept."""
        return self.of("if", name) if name not in ("", "lo") else name

    def _of_address(self, known: IPv4Address | IPv6Address, text: str) -> str:
        if isinstance(known, IPv6Address):
            mapped = known.ipv4_mapped
            if mapped is None:
                return f"::{self.of('addr6', str(known))}"
            return text if mapped in _KEPT else f"::ffff:{self.address(str(mapped))}"
        token = self.of("addr", str(known))
        return f"127.{token}" if known.is_loopback else token


class Keyed(Tokens):
    """Tokens that depend only on the text and the key, `addr-3f2a9c01d4e7`, so that processes that
    read different traces assign the same ones. `numbered` converts them for display."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def of(self, kind: str, text: str) -> str:
        said = f"{kind} {text}".encode("utf-8", "surrogateescape")
        return f"{kind}-{blake2b(said, key=self._key, digest_size=_BYTES).hexdigest()}"


_BYTES = 6
_KEYED = re.compile(r"\b(?P<kind>addr6?|path|cmd|host|if)-(?P<digest>[0-9a-f]{12})(?![0-9a-f])")


def numbered(text: str, tokens: Tokens) -> str:
    """Replace the tokens of Keyed in `text` by those of `tokens`."""
    return _KEYED.sub(lambda match: tokens.of(match["kind"], match["digest"]), text)


_TOKEN = re.compile(r"\b(addr6?|path|cmd|host|if)-([0-9]+|[0-9a-f]{12})\b")


def has_token(text: str) -> bool:
    """Whether `text`, which may have been redacted, appears to contain a token."""
    return _TOKEN.search(text) is not None
