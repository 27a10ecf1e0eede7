"""Invented entries of every reporting unit that add up to declared totals."""
