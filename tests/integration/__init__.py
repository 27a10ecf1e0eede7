"""Whole nights with Prefect, child processes and a published file; the only tests that start other programs."""
