"""Samples from the log that nginx writes on each host, counted there by awk. docs/metrics.md has the format."""
