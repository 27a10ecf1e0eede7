"""What rules are evaluated on: a form's rows, and a unit's numbers of all forms side by side."""
