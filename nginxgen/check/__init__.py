"""Is a release what its services mean, and will nginx take it? crossplane lives here and nowhere else."""

from nginxgen.check.features import features
from nginxgen.check.judge import Render, check
from nginxgen.check.local import find_nginx, nginx_test
from nginxgen.check.rules import RULES
from nginxgen.check.shelf import own_folder

__all__ = ["RULES", "Render", "check", "features", "find_nginx", "nginx_test", "own_folder"]
