"""Takes a word that does not exist and those that do, gives `; did you mean 'warning'?` or
nothing."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str]) -> str:
    """The end of an error message that names the nearest of `choices`, empty where none is near."""
    from difflib import get_close_matches  # only an error needs it; start-up does not wait for it

    matches = get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""
