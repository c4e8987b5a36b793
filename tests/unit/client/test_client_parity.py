"""The two clients say the same: what one offers the other offers, argument for argument."""

import inspect

import pytest

from notify_server.client import AsyncClient, Client


def public(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def arguments(call: object) -> list[tuple[str, object, object]]:
    """Name, kind and default; of a default that is a function its name (each sleeps in its way)."""
    parameters = inspect.signature(call).parameters.values()
    return [(p.name, p.kind, getattr(p.default, "__name__", p.default)) for p in parameters]


def test_both_clients_offer_the_same_calls():
    assert public(AsyncClient) == public(Client)


@pytest.mark.parametrize("name", sorted(public(Client) | {"__init__"}))
def test_call_takes_the_same_arguments_with_the_same_defaults(name):
    assert arguments(getattr(AsyncClient, name)) == arguments(getattr(Client, name))


@pytest.mark.parametrize("name", sorted(public(Client)))
def test_call_says_the_same_of_itself(name):
    sync, other = (inspect.getdoc(getattr(cls, name)) for cls in (Client, AsyncClient))
    assert sync
    assert other
    assert sync.splitlines()[0] == other.splitlines()[0]
