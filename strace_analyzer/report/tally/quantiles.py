"""Quantiles of durations, in memory that does not grow with their number.

strace prints microseconds. Each duration is counted under its first three digits, so a quantile is
exact below a millisecond and within half a per cent above.
"""

from __future__ import annotations

from collections import Counter
from math import ceil

_MICRO = 1e6
_EXACT_BELOW = 1000


class Quantiles:
    """Quantiles of the added durations, in seconds."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0
        self.total = 0.0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """Add one duration."""
        self.count += 1
        self.total += seconds
        self.most = max(self.most, seconds)
        micro = round(seconds * _MICRO)
        scale = 1
        while micro >= _EXACT_BELOW * scale:
            scale *= 10
        self._counts[micro if scale == 1 else (micro + scale // 2) // scale * scale] += 1

    def quantile(self, share: float) -> float | None:
        """Return the least duration that is not shorter than this share of all (nearest rank); None
        if there are none."""
        rank, seen = max(1, ceil(share * self.count)), 0
        for micro in sorted(self._counts):
            seen += self._counts[micro]
            if seen >= rank:
                return min(micro / _MICRO, self.most)
        return None
