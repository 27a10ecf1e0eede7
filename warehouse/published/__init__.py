"""What people read is taken from the published file here: numbers of years and units with what may be said of them."""
