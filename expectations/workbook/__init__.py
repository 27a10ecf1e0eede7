"""The issued workbook, and the correction workbook: the same with its questions marked and boxes for explanations."""
