"""Gives the exit statuses of our own; the others are the verdict's, or the traced program's."""

from __future__ import annotations

CANNOT_JUDGE = 2
FAILED = 125
"""our own failure where the status is otherwise a program's, as with env(1) and timeout(1)"""
