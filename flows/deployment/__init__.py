"""nianbao on a Prefect server: its pool, deployments, secrets and automations, and what an operator sees in its pages."""
