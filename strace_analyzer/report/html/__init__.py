"""A report in, one HTML page out that needs nothing else: template, style, script, and uPlot 1.6.32
(MIT, LICENSE.uPlot)."""
