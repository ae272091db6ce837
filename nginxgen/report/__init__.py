"""A record of a rollout as people read it: one file in HTML, Markdown or JSON, in English or Chinese."""
