"""When and in what order: Prefect flows, command line, settings and alerts."""
