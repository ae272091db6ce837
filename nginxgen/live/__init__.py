"""What `rollout run --listen` serves: metrics, health, alerts, and a page. It can be read, and nothing else."""
