"""What the numbers mean and where they rest: catalogue, archive, journal, loading, publishing, tracing."""
