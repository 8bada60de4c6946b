"""What can go wrong by the caller's fault; `cli` turns these into one clear line and exit status
2."""

from __future__ import annotations

from collections.abc import Iterable


class StraceAnalyzerError(Exception):
    """Base of every error this package raises on purpose; anything else is a bug in it."""


class TraceError(StraceAnalyzerError):
    """The input cannot be read as strace output: no such file, empty, damaged, or something
    else."""


class AllUnreadableError(TraceError):
    """None of several inputs can be read; `reasons` has a line for each."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(self.reasons))


class NoInputError(TraceError):
    """There is nothing to read; `help` says in some lines of text what to type."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


class DamagedError(TraceError):
    """Compressed data is cut or damaged; what comes before can be read."""


class InterruptedReadError(TraceError):
    """A signal ended the reading before the input ended; `share` is how far it came, or empty."""

    def __init__(self, share: str, signal: int) -> None:
        super().__init__(f"interrupted{share}")
        self.share = share
        self.signal = signal


class NotReplacedError(StraceAnalyzerError):
    """A signal came before the report was whole; `signal` is its number. What its file was before,
    it is still."""

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal


class SeveralStreamsError(TraceError):
    """The lines of several containers, programs or files stand in one text."""

    def __init__(self, name: str, streams: tuple[str, ...]) -> None:
        super().__init__(
            f"{name}: the lines of {len(streams)} traces ({', '.join(streams)}); they are taken "
            f"apart where they can be read again: save them to a file and check that, or "
            f"grep -F '{streams[0]}' FILE | strace-analyzer"
        )
        self.streams = streams


class ConfigurationError(StraceAnalyzerError):
    """A configuration file or an option holds something that does not exist or does not fit."""


class RuleError(StraceAnalyzerError):
    """A rule file cannot be loaded."""
