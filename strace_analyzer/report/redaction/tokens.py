"""Takes an address, path or name, gives its token: the same for the same, numbered as they are
first seen."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address

_KEPT = frozenset(map(ip_address, ("0.0.0.0", "127.0.0.1", "::", "::1")))
"""what every machine has: any, and this host itself"""


class Tokens:
    """`addr-1` is IPv4, `::addr6-1` IPv6, `127.addr-1` another loopback address; `path-1`, `cmd-1`,
    `host-1`; `if-1` is a network interface. By its colons an IPv6 address is known, and stands in
    brackets before a port."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, kind: str, text: str) -> str:
        """The token of `text`."""
        token = self._known.get((kind, text))
        if token is None:
            self._counts[kind] += 1
            token = self._known[kind, text] = f"{kind}-{self._counts[kind]}"
        return token

    def address(self, text: str) -> str:
        """The token of an internet address, with its scope (`%eth0`); what is none, or is one of
        the few that every machine has, stays as it is."""
        host, percent, scope = text.partition("%")
        try:
            known = ip_address(host)
        except ValueError:
            return text
        if known in _KEPT:
            return host + percent + self.interface(scope)
        return self._of_address(known, text)

    def interface(self, name: str) -> str:
        """The token of a network interface; `lo` is every machine's."""
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
    """Tokens that depend on the text and the key alone, `addr-3f2a9c01d4e7`: processes that read
    different traces give the same one. `numbered` makes them what is shown."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def of(self, kind: str, text: str) -> str:
        said = f"{kind} {text}".encode("utf-8", "surrogateescape")
        return f"{kind}-{blake2b(said, key=self._key, digest_size=_BYTES).hexdigest()}"


_BYTES = 6
_KEYED = re.compile(r"\b(?P<kind>addr6?|path|cmd|host|if)-(?P<digest>[0-9a-f]{12})(?![0-9a-f])")


def numbered(text: str, tokens: Tokens) -> str:
    """`text` with the tokens of Keyed as `tokens` number them."""
    return _KEYED.sub(lambda match: tokens.of(match["kind"], match["digest"]), text)


_TOKEN = re.compile(r"\b(addr6?|path|cmd|host|if)-([0-9]+|[0-9a-f]{12})\b")


def has_token(text: str) -> bool:
    """Whether `text`, of which something may have been replaced, looks as if it were."""
    return _TOKEN.search(text) is not None
