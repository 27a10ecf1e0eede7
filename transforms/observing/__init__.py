"""What typed rows say, in long form: observations, the counted rows of rosters, and the measures made of both."""
