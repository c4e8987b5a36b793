"""check-config and token: what they print and what they refuse."""

import json
import secrets

import jwt
import pytest

from notify_server.cli.main import main

SECRET = secrets.token_urlsafe(48)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_check_config_of_a_good_file_prints_settings_without_secrets(tmp_path, capsys):
    file = tmp_path / "notify.toml"
    file.write_text(
        f'[server]\nport = 9000\n[auth]\njwt_secret = "{SECRET}"\n[retry.high]\nattempts = 7\n'
    )
    assert main(["check-config", str(file)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("OK\n")
    assert "server.port = 9000\n" in out
    assert "retry.high.attempts = 7\n" in out
    assert 'auth.jwt_secret = "(set)"\n' in out
    assert SECRET not in out


def test_check_config_as_json_is_one_object(tmp_path, capsys):
    file = tmp_path / "notify.toml"
    file.write_text("[server]\nport = 9000\n")
    assert main(["check-config", str(file), "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["server.port"] == 9000
    assert settings["namespaces./admin"] == ["ADMIN"]


def test_check_config_names_every_fault_with_file_and_line(tmp_path, capsys):
    file = tmp_path / "notify.toml"
    file.write_text('[server]\nport = "x"\n\n[limits]\ntitel_chars = 3\n')
    assert main(["check-config", str(file)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "notify.toml:2: server.port" in captured.err
    assert "notify.toml:5: limits.titel_chars" in captured.err


def test_token_from_a_configured_secret_has_every_claim(tmp_path, capsys):
    file = tmp_path / "notify.toml"
    file.write_text(
        f'[auth]\njwt_secret = "{SECRET}"\njwt_audience = "web"\njwt_issuer = "https://i.example"\n'
    )
    flags = ["--user", "42", "--role", "ADMIN", "--role", "X", "--room", "task_*", "--ttl", "2h"]
    assert main(["token", "--config", str(file), *flags, "--name", "Ann"]) == 0
    claims = jwt.decode(
        capsys.readouterr().out.strip(), SECRET, algorithms=["HS256"], audience="web"
    )
    assert claims["exp"] - claims["iat"] == pytest.approx(7200)
    assert {k: claims[k] for k in ("sub", "roles", "rooms", "name", "iss")} == {
        "sub": "42",
        "roles": ["ADMIN", "X"],
        "rooms": ["task_*"],
        "name": "Ann",
        "iss": "https://i.example",
    }


def test_token_from_the_data_directory_needs_its_secret(tmp_path, capsys):
    folder = tmp_path / "d"
    arguments = ["token", "--user", "42", "--data-dir", str(folder)]
    assert main(arguments) == 1
    assert "jwt_secret" in capsys.readouterr().err
    assert not folder.exists()
    folder.mkdir()
    (folder / "jwt_secret").write_text(SECRET + "\n")
    assert main(arguments) == 0
    assert jwt.decode(capsys.readouterr().out.strip(), SECRET, algorithms=["HS256"])["sub"] == "42"


@pytest.mark.parametrize(
    "args",
    [["--user", ""], ["--user", "a\nb"], ["--user", "a" * 129], ["--user", "a", "--role", " "]],
)
def test_token_that_the_server_would_refuse_is_a_misuse(args, monkeypatch, capsys):
    monkeypatch.setenv("NOTIFY_AUTH__JWT_SECRET", SECRET)
    assert main(["token", *args]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert args[-2] in captured.err
