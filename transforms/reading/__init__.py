"""Reads one workbook's bytes into texts at their true addresses, with problems; called behind the wall."""
