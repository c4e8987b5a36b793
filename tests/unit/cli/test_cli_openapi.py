"""``notify-server openapi``: the document without a server."""

import json

from openapi_spec_validator import validate

from notify_server.cli.main import main


def test_openapi_is_printed(capsys):
    assert main(["openapi"]) == 0
    validate(json.loads(capsys.readouterr().out))


def test_openapi_is_written_to_a_file_with_the_prefix_of_the_configuration(tmp_path, capsys):
    config, out = tmp_path / "config.toml", tmp_path / "openapi.json"
    config.write_text('[server]\nbase_path = "/notify"\n', "utf-8")
    assert main(["openapi", "--config", str(config), "--out", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))["servers"] == [{"url": "/notify"}]
    assert capsys.readouterr().out == ""


def test_openapi_to_a_place_that_is_none_is_refused(tmp_path):
    assert main(["openapi", "--out", str(tmp_path / "nowhere" / "openapi.json")]) == 1
