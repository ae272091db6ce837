"""Judging: from counts and times to a verdict, by pure functions. docs/judging.md has the method and its figures."""
