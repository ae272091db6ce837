"""Rollouts: look at the fleet, judge, decide, act. Everything that lasts is on the hosts."""
