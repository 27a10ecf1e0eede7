"""The dated registry of org units: which exist in a year, who is above whom, what became of whom."""
