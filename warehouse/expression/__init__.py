"""The one expression language: parsed once, rendered as polars, as an Excel formula and as Chinese words."""
