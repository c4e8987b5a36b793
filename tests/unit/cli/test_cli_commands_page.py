"""docs/commands.md is what the commands say of themselves."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_commands_page_is_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/gen_commands.py"), "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"run scripts/gen_commands.py\n{done.stderr}"
