"""The cells most likely wrong behind a finding, and the usual slips."""
