"""What is asked of a published warehouse for people: what became of submissions, how a year stands, what is open."""
