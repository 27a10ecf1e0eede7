"""Which cells behind a broken rule are most likely wrong, in one sentence for the clerk."""
