"""What becomes of a rollout: from the hosts' journals to its standing, and from there to what is done next. Pure."""
