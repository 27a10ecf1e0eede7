"""Why an export cannot be written."""

from __future__ import annotations


class ExportRefused(Exception):
    """An export cannot be written as asked; one Chinese sentence with what to do."""
