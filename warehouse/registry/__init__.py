"""The dated registry of org units: the units of a year, their hierarchy, their succession."""
