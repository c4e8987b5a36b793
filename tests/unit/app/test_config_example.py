"""config.example.toml documents every key with its default."""

import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from notify_server.app.config import load_settings
from notify_server.domain.notification import Priority
from notify_server.domain.settings import RetryRule, Settings, TypeSettings

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
COMMENTED = re.compile(r'^# (\[[a-z_."/]+\]|[a-z0-9_]+ = .+)$', re.MULTILINE)


@pytest.fixture
def uncommented():
    return COMMENTED.sub(r"\1", EXAMPLE.read_text("utf-8"))


def expected_keys():
    for section in fields(Settings):
        value = getattr(Settings(), section.name)
        if is_dataclass(value):
            for row in fields(value):
                if row.name not in {"rules", "lines"}:  # tables of their own, below
                    yield section.name, row.name
    for priority in Priority:
        for row in fields(RetryRule):
            yield "retry", priority, row.name
    for row in fields(TypeSettings):
        yield "types", "build_failed", row.name
    yield "namespaces", "/admin", "roles"


@pytest.mark.parametrize("path", list(expected_keys()), ids=".".join)
def test_example_lists_every_key(uncommented, path):
    table = tomllib.loads(uncommented)
    for part in path:
        table = table[part]


def test_example_as_it_stands_is_the_defaults():
    assert load_settings(EXAMPLE, {}) == _defaults_beside_the_example()


def test_example_with_every_key_active_is_the_defaults(tmp_path, uncommented):
    path = tmp_path / "config.toml"
    path.write_text(uncommented, "utf-8")
    settings = load_settings(path, {})
    assert settings.types == {"build_failed": TypeSettings()}
    assert settings.server.data_dir == tmp_path / "data"
    assert replace(settings, types={}, server=Settings().server) == Settings()


def test_every_key_of_the_example_has_its_reason_above():
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if COMMENTED.match(line):
            above = lines[number - 1]
            assert above.startswith("# "), f"line {number + 1} has nothing said above"
            assert not COMMENTED.match(above), f"line {number + 1} has nothing said above"


def _defaults_beside_the_example():
    server = Settings().server
    return replace(Settings(), server=replace(server, data_dir=EXAMPLE.parent / server.data_dir))
