"""The report for a terminal, as rich renderables, one module per block."""
