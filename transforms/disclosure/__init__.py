"""Keeps out of all that is published what tells of single persons: their numbers in texts, and small counts of families."""
