"""Nights that are killed, or whose disk fails, at every call that makes the home durable: nothing accepted is lost."""
