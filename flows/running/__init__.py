"""How flows run on Prefect: tasks with names and retries, and a server that lives as long as the command."""
