"""Exports: published numbers as files for other programs, each with its vintage, row count and licence."""
