"""Opens every workbook format as one kind of book: sheets of cells at their true addresses."""
