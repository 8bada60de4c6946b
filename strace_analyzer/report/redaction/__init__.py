"""Takes what is reported, gives it without addresses, paths or command names, each replaced by the
same token wherever it stands (`--redact`)."""

from strace_analyzer.report.redaction.redaction import Redaction
from strace_analyzer.report.redaction.tokens import has_token
from strace_analyzer.report.redaction.values import KINDS, parse_kinds

__all__ = ["KINDS", "Redaction", "has_token", "parse_kinds"]
