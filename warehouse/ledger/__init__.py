"""The truth on disk: received bytes, and the journal of all that happened and was decided."""
