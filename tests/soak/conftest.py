"""Long runs over the same rig as the acceptance tests: ``pytest -m soak``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.fixtures import make_server, server, world  # noqa: F401
