"""Charts of indicators: what they show, and how Vega-Lite draws it for the pages, on paper and beside the terminal."""
