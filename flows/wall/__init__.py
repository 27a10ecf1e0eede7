"""Reads files behind a wall: child processes with limits; hands on what each file gave, or how its child ended."""
