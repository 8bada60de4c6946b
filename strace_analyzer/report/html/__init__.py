"""The report as one self-contained HTML page: template, style, script, and uPlot 1.6.32 (MIT,
LICENSE.uPlot)."""
