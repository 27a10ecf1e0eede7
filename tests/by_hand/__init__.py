"""A second opinion on every number: workbooks read with openpyxl, computed in plain Python, nothing of the program."""
