"""Redaction (`--redact`): replace addresses, paths and command names in a report, each by the same
token everywhere."""

from strace_analyzer.report.redaction.redaction import Redaction
from strace_analyzer.report.redaction.tokens import has_token
from strace_analyzer.report.redaction.values import KINDS, parse_kinds

__all__ = ["KINDS", "Redaction", "has_token", "parse_kinds"]
