"""Reads from a published warehouse for people: outcomes of submissions, status of a year, open questions."""
