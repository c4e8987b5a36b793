"""What is shipped for deploying agrees with the product and with itself, without docker."""

import configparser
import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from support import nginx

from notify_server import __version__
from notify_server.app.config import load_settings

STOP_S = 10  # as docs/stopping.md promises
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONFIG = DEPLOY / "config.two-nodes.toml"
COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
NODES = {name: each for name, each in SERVICES.items() if name.startswith("notify-")}


@pytest.fixture
def secrets(tmp_path):
    """What ``deploy/make-env`` wrote."""
    file = tmp_path / ".env"
    subprocess.run([DEPLOY / "make-env", file], check=True, capture_output=True)
    lines = file.read_text().splitlines()
    return file, dict(line.split("=", 1) for line in lines)


def _filled(text, secrets):
    """As compose fills it in; what is not in the environment must have a default."""

    def value(match):
        name, default = match[1], match[2]
        assert name in secrets or (default is not None and default.startswith("-")), name
        return secrets.get(name) or default[1:]

    return re.sub(r"\$\{(\w+)(?::([-?][^}]*))?\}", value, text)


def test_secrets_are_made_once_private_and_all_different(secrets):
    file, values = secrets
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(set(values.values())) == len(values) == 4
    before = file.read_text()
    again = subprocess.run([DEPLOY / "make-env", file], capture_output=True, check=False)
    assert again.returncode != 0
    assert file.read_text() == before


@pytest.mark.parametrize("name", NODES)
def test_each_node_s_environment_and_file_are_a_configuration(name, secrets):
    environ = {key: _filled(value, secrets[1]) for key, value in NODES[name]["environment"].items()}
    settings = load_settings(CONFIG, environ | _image_environ())
    assert settings.store.url.startswith("mongodb://notify:")
    assert settings.bus.url.startswith("redis://:")
    assert "redis:6379" in settings.bus.url
    assert "mongo:27017" in settings.store.url
    assert str(settings.server.data_dir) == "/data"


def _image_environ():
    return dict(re.findall(r"(NOTIFY_\w+)=(\S+)", DOCKERFILE))


def test_every_variable_of_the_image_is_a_key_of_the_configuration():
    settings = load_settings(None, _image_environ())
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8080)


def test_every_key_of_the_shared_configuration_is_written_out_where_it_differs(secrets):
    written = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert {"store", "bus"} <= written.keys()
    assert all("=" not in str(value) or "replicaSet" in str(value) for value in _leaves(written))
    environ = {key: value for key, value in secrets[1].items() if key.startswith("NOTIFY_")}
    settings = load_settings(CONFIG, environ)
    known = {each.name for each in fields(settings)}
    assert written.keys() <= known


def _leaves(table):
    for value in table.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value


def test_proxies_are_believed_from_the_network_of_the_composition_only():
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    settings = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert settings["server"]["trusted_proxies"] == [network["subnet"]]


def test_images_are_pinned_and_ours_is_of_this_version():
    images = [each["image"] for each in SERVICES.values()] + re.findall(
        r"^FROM (\S+)", DOCKERFILE, re.MULTILINE
    )
    for image in images:
        tag = image.partition(":")[2]
        assert re.match(r"\d+\.\d+", tag), image  # patches come by themselves
    assert {node["image"] for node in NODES.values()} == {f"notify-server:{__version__}"}


def test_ports_agree_from_the_outside_to_the_nodes():
    port = str(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["server"]["port"])
    conf = nginx.CONFIG.read_text(encoding="utf-8")
    listens = re.findall(r"^\s*listen (\d+);", conf, re.MULTILINE)
    assert SERVICES["nginx"]["ports"][0].rpartition(":")[2] in listens
    upstreams = re.findall(r"^\s*server ([\w-]+):(\d+) ", conf, re.MULTILINE)
    assert sorted(upstreams) == sorted([(name, port) for name in NODES])
    assert f"EXPOSE {port}" in DOCKERFILE
    assert f"http://127.0.0.1:{port}/health/live" in DOCKERFILE


def test_only_nginx_is_published_and_nodes_share_nothing_on_disk():
    assert [name for name, each in SERVICES.items() if each.get("ports")] == ["nginx"]
    data = [volume for each in NODES.values() for volume in each["volumes"] if "/data" in volume]
    assert len(set(data)) == len(NODES)
    assert {volume.partition(":")[0] for volume in data} <= COMPOSE["volumes"].keys()


def test_everything_mounted_from_the_folder_is_there():
    for each in SERVICES.values():
        for volume in each.get("volumes", ()):
            if volume.startswith("./"):
                assert (DEPLOY / volume.partition(":")[0]).is_file(), volume


def test_stops_are_given_longer_than_the_server_takes():
    unit = _unit()
    assert unit["Service"]["KillSignal"] == "SIGTERM"
    assert int(unit["Service"]["TimeoutStopSec"]) > STOP_S
    for node in NODES.values():
        assert int(node["stop_grace_period"].removesuffix("s")) > STOP_S


def _unit():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(DEPLOY / "notify-server.service", encoding="utf-8")
    return unit


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_unit_is_believed_by_systemd(tmp_path):
    text = (DEPLOY / "notify-server.service").read_text(encoding="utf-8")
    there = tmp_path / "notify-server.service"
    there.write_text(text.replace("/opt/notify-server/bin/notify-server", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", there], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if there.name in line]
    assert not ours
    assert done.returncode == 0, done.stderr
