"""Where samples come from: the hosts' own log, Prometheus, requests of our own, and the user's commands."""
