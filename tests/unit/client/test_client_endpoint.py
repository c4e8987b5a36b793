"""Where a client finds its server and key, and that it needs nothing of the server's libraries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from notify_server.client import Client, ForbiddenError, InvalidRequestError, SetupError

ROOT = Path(__file__).parents[3]

ISOLATED = """
import sys

ALLOWED = {"httpx2", "httpcore2", "h11", "idna", "anyio", "truststore", "typing_extensions",
           "notify_server", "sniffio", "certifi"}
SERVER = {"notify_server." + name for name in (
    "app", "cli", "rest", "sio", "auth", "jobs", "stores", "bus", "pipeline", "policy", "ports")}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if name in SERVER or name == "sqlite3":
            raise ImportError(f"{name} is the server's")
        if top not in ALLOWED and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is not of the client's extra")

sys.meta_path.insert(0, Refuse())
import notify_server.client as client
with client.Client(sys.argv[1], "k", attempts=1) as one:
    try:
        one.notify_offer("42", "M")
    except client.UnreachableError as error:
        print(error)
import asyncio
async def main():
    async with client.AsyncClient(sys.argv[1], "k", attempts=1) as one:
        try:
            await one.send("42", "T", "M")
        except client.UnreachableError as error:
            print(error)
asyncio.run(main())
for name in ("aiohttp", "marshmallow", "orjson", "structlog"):
    assert name not in sys.modules
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(f"{name} was not refused: this test proves nothing")
"""


def run_json(folder, **content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(content))


def found(**given):
    with Client(**given) as client:
        return client.endpoint.url, client.endpoint.key, client.endpoint.named


def test_client_runs_without_any_library_of_the_server():
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", ISOLATED, "http://127.0.0.1:1"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.count("No server answers at http://127.0.0.1:1.") == 2


def test_arguments_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("NOTIFY_URL", "http://env:1/base/")
    monkeypatch.setenv("NOTIFY_API_KEY", "env")
    assert found() == ("http://env:1/base", "env", True)
    assert found(url="http://arg:2", key="arg") == ("http://arg:2", "arg", True)
    assert found(url="http://arg:2") == ("http://arg:2", "env", True)


def test_server_on_the_data_directory_is_found(tmp_path, monkeypatch):
    run_json(tmp_path / "data", url="http://here:3", api_key="own")
    run_json(tmp_path / "other", url="http://there:4", api_key="its")
    assert found() == ("http://here:3", "own", False)
    assert found(key="mine") == ("http://here:3", "mine", False)
    assert found(data_dir=tmp_path / "other") == ("http://there:4", "its", False)
    monkeypatch.setenv("NOTIFY_SERVER__DATA_DIR", str(tmp_path / "other"))
    assert found() == ("http://there:4", "its", False)
    assert found(url="http://there:4") == ("http://there:4", "its", True)


def test_nothing_named_and_nothing_found_says_what_to_do():
    with pytest.raises(SetupError, match="NOTIFY_URL and NOTIFY_API_KEY"):
        Client()
    with pytest.raises(SetupError, match="needs a key"):
        Client("http://x:1")


def test_damaged_or_foreign_run_json_is_a_sentence(tmp_path):
    run_json(tmp_path / "data", nothing=1)
    with pytest.raises(InvalidRequestError, match="is damaged"):
        Client()
    (tmp_path / "data" / "run.json").unlink()
    (tmp_path / "data" / "run.json").mkdir()
    with pytest.raises(ForbiddenError, match="cannot be read"):
        Client()


@pytest.mark.parametrize("key", ["nk_a_b\n", "nk_a b", "schlüssel", "nk_\ud800", "", "\x00"])
def test_key_that_no_header_can_carry_is_refused_and_not_shown(key):
    with pytest.raises(SetupError) as refused:
        Client("http://x:1", key)
    assert "key" in str(refused.value)
    assert not key or key.strip() not in str(refused.value)
