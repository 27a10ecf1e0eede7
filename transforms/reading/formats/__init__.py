"""Every format a workbook comes in, opened as one kind of book: sheets of cells at their true places."""
