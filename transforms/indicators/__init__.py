"""Measures rolled up the hierarchy and made into indicators and their comparisons, for every year and node."""
