"""The command line `nianbao`: one module for each group of commands, and what a terminal shows and is told."""
