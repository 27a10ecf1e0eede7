"""What leaves the published file: rows in parts with the words that explain them and their vintage; its names; SDMX."""
