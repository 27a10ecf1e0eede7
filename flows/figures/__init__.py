"""What a night leaves for programs that watch it: lines of a log and a file of figures, without any personal data."""
