"""Words and measures that every storey shares: labels of codes, how texts are compared, multiples of units, dates."""
