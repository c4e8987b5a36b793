"""``serve --reload``: a change of the configuration starts the server anew."""

import os
import signal
import subprocess
import sys
import time
import urllib.request

import orjson

from notify_server.cli import reload

_WAIT_S = 50


def _pid(data_dir, other_than=None):
    """The process that serves now, as soon as it is another than the one before."""
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        try:
            run = orjson.loads((data_dir / "run.json").read_bytes())
            with urllib.request.urlopen(f"{run['url']}/health/ready", timeout=2):
                if run["pid"] != other_than:
                    return run["pid"]
        except (OSError, orjson.JSONDecodeError):
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come up in time")


def test_reload_watches_the_package():
    assert (reload._SOURCES / "cli" / "reload.py").is_file()


def test_reload_changed_configuration_starts_a_new_server(tmp_path):
    config = tmp_path / "notify.toml"
    config.write_text("[log]\nlevel = 'warning'\n")
    command = [sys.executable, "-m", "notify_server", "serve", "--reload", "--port", "0"]
    command += ["--config", str(config), "--data-dir", str(tmp_path / "data")]
    watcher = subprocess.Popen(command, start_new_session=True)
    try:
        first = _pid(tmp_path / "data")
        config.write_text("[log]\nlevel = 'error'\n")
        assert _pid(tmp_path / "data", other_than=first) != first
    finally:
        os.killpg(watcher.pid, signal.SIGINT)
        watcher.wait(60)
