"""The config that people wrote around ours: a host's own nginx.conf and all that it includes."""

from nginxgen.check.around.files import Files, read
from nginxgen.check.around.gixy import second_opinion
from nginxgen.check.around.judge import RULES, judge

__all__ = ["RULES", "Files", "judge", "read", "second_opinion"]
