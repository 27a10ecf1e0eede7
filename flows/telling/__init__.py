"""Who is told what, and what was told before: matters, messages, answers and reminders on their way."""
