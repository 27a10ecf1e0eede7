"""The commands of `nianbao`, one module for each group."""
