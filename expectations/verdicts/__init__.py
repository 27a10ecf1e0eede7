"""Checks of rules over frames, the findings they give, which of them silence others, and the decision."""
