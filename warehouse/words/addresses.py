"""Addresses of cells."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def column_letter(index: int) -> str:
    """The letters of a 0-based column: 0 -> A, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The 0-based column of its letters: A -> 0."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
