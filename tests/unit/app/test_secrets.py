"""The secret that is made once (S20)."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from notify_server.app.config import ConfigError
from notify_server.app.secrets import ensure_secrets
from notify_server.domain.settings import (
    AuthSettings,
    BusSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)


@pytest.fixture
def settings(tmp_path):
    return Settings(server=ServerSettings(data_dir=tmp_path / "data"))


def test_first_start_makes_a_secret_and_the_next_one_keeps_it(settings):
    first = ensure_secrets(settings, demo=False)
    again = ensure_secrets(settings, demo=True)
    assert len(first.auth.jwt_secret) >= 43
    assert again == first
    file = settings.server.data_dir / "jwt_secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["jwt_secret"]


def test_first_start_of_several_processes_agrees_on_one_secret(settings):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ensure_secrets(settings, demo=False), range(32)))
    assert len({row.auth.jwt_secret for row in made}) == 1


@pytest.mark.parametrize(
    "auth",
    [
        AuthSettings(jwt_secret="configured"),
        AuthSettings(jwks_url="https://idp.example/jwks"),
        AuthSettings(jwt_public_key_file="key.pem"),
    ],
)
def test_configured_keys_make_no_secret(settings, auth):
    settings = replace(settings, auth=auth)
    assert ensure_secrets(settings, demo=True) == settings
    assert not settings.server.data_dir.exists()


@pytest.mark.parametrize(
    "shared",
    [
        {"store": StoreSettings("mongodb://h/d")},
        {"bus": BusSettings("redis://h")},
    ],
)
def test_shared_store_or_bus_without_secret_is_refused(settings, shared):
    with pytest.raises(ConfigError, match="expected with MongoDB or a bus"):
        ensure_secrets(replace(settings, **shared), demo=False)
    assert ensure_secrets(replace(settings, **shared), demo=True).auth.jwt_secret


def test_damaged_secret_file_is_refused(settings):
    settings.server.data_dir.mkdir()
    (settings.server.data_dir / "jwt_secret").write_text("short", "utf-8")
    with pytest.raises(ConfigError, match="is damaged"):
        ensure_secrets(settings, demo=False)


def test_data_dir_that_is_no_folder_is_refused(settings):
    settings.server.data_dir.write_text("", "utf-8")
    with pytest.raises(ConfigError, match="cannot be kept"):
        ensure_secrets(settings, demo=False)
