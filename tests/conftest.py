"""What every test stands on. Being here, this file also puts tests/ on the path: tests import helpers by name."""

from hypothesis import settings

# A law says what holds, not how fast: a busy machine must not turn one red.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
