"""Schemathesis against a real server: no 5xx, and every answer is as the document describes it."""

import subprocess
import sys
from pathlib import Path

import pytest

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_CASES_PER_CALL = 3
"""Besides the examples and the edges of every schema; more find nothing that these do not."""


@pytest.mark.timeout(300)
def test_fuzzed_api_answers_as_described_and_never_with_5xx(make_server, tmp_path):
    server = make_server().start()
    token = server.token("somebody~who~is~not~guessed", ["ADMIN"])
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli",
            "--config-file", str(_CONFIG),
            "run", f"{server.url}/openapi.json",
            "-H", f"Authorization: Bearer {token}",
            "--max-examples", str(_CASES_PER_CALL),
            "--phases", "examples,coverage,fuzzing",
            "--seed", "7", "--continue-on-failure", "--no-color",
        ],
        capture_output=True, text=True, cwd=tmp_path, timeout=280, check=False,
    )  # fmt: skip
    failures = done.stdout.partition("= FAILURES =")[2][:6000]
    assert done.returncode == 0, failures or done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in server.log.read_text("utf-8")
    assert server.stop() == 0
