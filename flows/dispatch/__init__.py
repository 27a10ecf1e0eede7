"""How a text or a file leaves: chat robots, mails, outboxes elsewhere, and the secrets that this takes."""
