"""What the night costs: one year of a city, and three hundred counties at once. Start with ``make bench``."""
