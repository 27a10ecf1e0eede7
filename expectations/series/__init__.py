"""Suspicious numbers in short annual series: scores, columns, and what is said of them."""
