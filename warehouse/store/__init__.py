"""The warehouse file: its declared tables, how a night builds it, checks it, publishes it, and how it is read."""
