"""Runs strace, or reads what is still being written: gives the findings of a trace as they come."""
