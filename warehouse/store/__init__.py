"""The warehouse file: how a night builds it, checks it, publishes it, and how it is read; what it holds is in schema/."""
