"""The report for a terminal, as rich renderables: one file a block."""
