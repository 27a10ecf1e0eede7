"""Charts of indicators: what they show, as Vega-Lite for the pages, as SVG for paper and terminal, as Office's own for Word."""
