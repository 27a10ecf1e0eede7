"""The records that everything is rebuilt from: received bytes, and the journal of events and decisions."""
