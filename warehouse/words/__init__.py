"""Words and measures that all rooms share: labels of codes, comparison of texts, multiples of units, dates."""
