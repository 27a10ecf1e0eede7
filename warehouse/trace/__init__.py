"""From a published number back to the cells it is made of."""
