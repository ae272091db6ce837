"""From services, intent and host to a release: pure and deterministic. jinja2 lives here and nowhere else."""

from nginxgen.render.release import empty, render

__all__ = ["empty", "render"]
