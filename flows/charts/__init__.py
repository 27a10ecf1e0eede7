"""Charts of indicators, as Vega-Lite for the pages and as SVG for paper and terminal."""
