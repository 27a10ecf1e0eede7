"""Who is told what, by which channel: mails, chat messages and files that go out, and what was told before."""
