SELECT submission, sheet, row FROM core.counted_row WHERE measure = ?
