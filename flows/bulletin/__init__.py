"""The bulletin 公报 of a year: its sentences, tables and charts, as a file for Word and as a page."""
