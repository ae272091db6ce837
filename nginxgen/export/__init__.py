"""What other programs read about a rollout: alert rules for Prometheus, a dashboard for Grafana, units for systemd."""
