"""Polars in, polars out: reading, conforming, roll-up and indicators, without database or network."""
