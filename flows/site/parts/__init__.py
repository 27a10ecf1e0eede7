"""What pages are put together from: numbers with what is said beside them, small lines, charts."""
