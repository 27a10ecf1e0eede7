"""Copies of what cannot be computed anew, in another place; how they are brought back; and what is cleared out in time."""
