"""Great Expectations: counts every check over a night's batch, and its Data Docs."""
