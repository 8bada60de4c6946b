"""What can go wrong by the caller's fault; `cli` turns these into one clear line and exit status
2."""


class StraceAnalyzerError(Exception):
    """Base of every error this package raises on purpose; anything else is a bug in it."""


class TraceError(StraceAnalyzerError):
    """The input cannot be read as strace output: no such file, empty, damaged, or something
    else."""


class DamagedError(TraceError):
    """Compressed data is cut or damaged; what comes before can be read."""


class ConfigurationError(StraceAnalyzerError):
    """A configuration file or an option holds something that does not exist or does not fit."""


class RuleError(StraceAnalyzerError):
    """A rule file cannot be loaded."""
