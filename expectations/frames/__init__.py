"""The frames that rules are evaluated on: a form's rows, and a unit's measures of all forms side by side."""
