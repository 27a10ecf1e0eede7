"""Summary tables 汇总表: the forms of a year with a row for each county or township, to be signed and stamped."""
