"""What every sheet of a workbook is written with: styles, columns, drop-down lists, values, marks, and for whom it is."""
