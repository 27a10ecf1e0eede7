"""The sheet 审核 of an issued workbook: every rule as an Excel formula, counted and told while typing."""
