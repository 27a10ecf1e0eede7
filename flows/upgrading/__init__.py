"""A new version of program or catalogue put into force: built beside, compared with what is published, switched when wanted."""
