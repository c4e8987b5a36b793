"""Long runs over the same rig as the acceptance tests: ``pytest -m soak``."""

from support.fixtures import make_server, server, world  # noqa: F401
