"""A helper for each preset, with a signature that people and type checkers can read."""

import inspect
import runpy
from pathlib import Path

import pytest

from notify_server.client import AsyncClient, Client
from notify_server.client.body import Details
from notify_server.domain.settings import LimitSettings
from notify_server.policy.presets import PRESETS
from notify_server.wire.submission import RESERVED, content_schema

ROOT = Path(__file__).parents[3]


def test_helpers_are_those_that_the_table_makes():
    assert runpy.run_path(str(ROOT / "scripts/gen_presets.py"))["outdated"]() == []


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_preset_has_a_helper_and_each_helper_a_preset(client):
    helpers = {name for name in dir(client) if name.startswith("notify_")}
    assert helpers == {f"notify_{name}" for name in PRESETS}


@pytest.mark.parametrize(("name", "preset"), PRESETS.items())
def test_helper_of_a_preset_has_a_real_signature(name, preset):
    helper = getattr(Client, f"notify_{name}")
    parameters = inspect.signature(helper).parameters
    assert list(parameters) == ["self", "to", "message", "title", "details"]
    assert parameters["title"].default == preset.title
    assert str(preset.priority) in helper.__doc__


async def test_helpers_send_their_type_with_the_title_of_the_table(peer, using):
    for name, preset in PRESETS.items():
        await using(lambda client, name=name: getattr(client, f"notify_{name}")("42", "M"))
        wanted = {"to": "42", "title": preset.title, "message": "M", "type": name}
        assert peer.calls[-1][3] == wanted
    await using(lambda c: c.notify_offer("42", "M", title="Mine", priority="urgent", tags=["a"]))
    assert peer.calls[-1][3] == {
        "to": "42", "title": "Mine", "message": "M", "type": "offer", "priority": "urgent",
        "tags": ["a"],
    }  # fmt: skip


def test_details_are_the_fields_of_a_submission():
    fields = content_schema(LimitSettings()).fields.keys() - {"title", "message", "type"}
    assert Details.__annotations__.keys() == fields | {"exclude", "idempotency_key"}
    assert not Details.__annotations__.keys() & RESERVED.keys()
