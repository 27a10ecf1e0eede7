"""The lakehouse: what is published stands there beside the rows of other offices, a snapshot a night; readers attach it."""
