"""The report formats: one module for each, found by its name."""
