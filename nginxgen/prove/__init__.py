"""A rendered config tried in a private nginx with stubs behind it: its rules, its shares, its fallback. An effect."""

from nginxgen.prove.claim import Outcome, Proof
from nginxgen.prove.run import Setting, prove

__all__ = ["Outcome", "Proof", "Setting", "prove"]
