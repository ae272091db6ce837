"""Samples from Prometheus, by queries of the user's own."""
