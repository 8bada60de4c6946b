"""The corridor: takes traces, leads them through the rooms, gives an Analysis."""

from strace_analyzer.analysis.analyze import Analyzer, analyze
from strace_analyzer.analysis.corridor import TraceAnalysis
from strace_analyzer.analysis.results import Analysis, TraceResult
from strace_analyzer.analysis.settings import Settings

__all__ = ["Analysis", "Analyzer", "Settings", "TraceAnalysis", "TraceResult", "analyze"]
