"""What the administrator decides: checked against what stands, then written into the journal."""
