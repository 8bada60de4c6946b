"""Suggest a correction for a misspelt word: `; did you mean 'warning'?`"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the end of an error message that names the nearest of `choices`; "" if none is
    near."""
    from difflib import get_close_matches  # imported here, as only errors need it

    matches = get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""
