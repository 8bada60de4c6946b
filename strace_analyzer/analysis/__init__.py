"""The corridor: takes traces, leads them through the rooms, gives an Analysis."""

from strace_analyzer.analysis.analyze import Analyzer, analyze
from strace_analyzer.analysis.corridor import Settings, TraceAnalysis
from strace_analyzer.analysis.results import Analysis, TraceResult

__all__ = ["Analysis", "Analyzer", "Settings", "TraceAnalysis", "TraceResult", "analyze"]
