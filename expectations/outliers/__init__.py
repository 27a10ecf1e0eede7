"""Suspicious numbers in annual series: scores beside each number, and the questions asked of them."""
