"""``docs/limits.md`` names every limit with the default that it has."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from notify_server.domain.settings import LimitSettings, RateLimitSettings

PAGE = (Path(__file__).parents[3] / "docs/limits.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("field", fields(LimitSettings), ids=lambda field: field.name)
def test_each_limit_stands_there_with_its_default(field):
    (row,) = [row for row in ROWS if f"`{field.name}`" in row]
    assert re.search(rf"(?<![\d,]){field.default:,}(?![\d,]*\d)", row), row


@pytest.mark.parametrize("field", fields(RateLimitSettings), ids=lambda field: field.name)
def test_each_rate_stands_there_with_its_default(field):
    rows = [row for row in ROWS if f"`[rate_limits] {field.name}`" in row]
    assert any(f"| {field.default} |" in row for row in rows)


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", PAGE))))
def test_each_place_exists(place):
    assert (Path(__file__).parents[3] / "notify_server" / place).exists()
