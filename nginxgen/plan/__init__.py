"""From what is asked and what the hosts have to what would change: pure functions, and the saved form of a plan."""
