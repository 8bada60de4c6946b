"""ROOM 3a, steps in and findings out: one file per rule, and the engine that runs them."""

from strace_analyzer.rules.catalogue import catalogue
from strace_analyzer.rules.engine import Engine
from strace_analyzer.rules.rule import Clean, Flagged, Rule

__all__ = ["Clean", "Engine", "Flagged", "Rule", "catalogue"]
