"""The benchmarks run; their times are nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[2] / "benchmarks" / "run.py"


def test_quick_benchmark_of_a_returning_crowd_reports_every_figure(tmp_path):
    output = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, RUN, "--quick", "--only", "reconnects", "reads", "--output", output],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| measured | median |" in done.stdout
    figures = json.loads(output.read_text())["figures"]
    assert {f["unit"] for f in figures} == {"s", "ms", "reads/connect", "ms/connect"}
    reads = [f["values"] for f in figures if f["unit"] == "reads/connect"]
    assert all(max(values) <= 5 for values in reads)
