"""One workbook's bytes into texts at their true places, with what could not be read; called behind the wall."""
