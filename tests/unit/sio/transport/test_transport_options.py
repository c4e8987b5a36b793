"""What the handshake says and refuses."""

import json
import logging
from inspect import Parameter, signature

import aiohttp
import engineio
import pytest
import socketio

from notify_server.sio.transport import create_engine, create_server

STOCK = {
    **signature(engineio.base_server.BaseServer.__init__).parameters,
    **signature(socketio.base_server.BaseServer.__init__).parameters,
}
DEFAULTS = {name: p.default for name, p in STOCK.items() if p.default is not Parameter.empty}
ENGINE = set(signature(engineio.base_server.BaseServer.__init__).parameters)
OTHERS = [
    {"ping_interval": (25, 5)},
    {"cookie": "io"},
    {"cookie": {"name": "io", "path": "/", "HttpOnly": True}},
    {"cors_allowed_origins": "*"},
    {"cors_allowed_origins": []},
    {"cors_allowed_origins": ["https://a.example"]},
    {"cors_allowed_origins": lambda origin: True},
    {"cors_credentials": False},
    {"compression_threshold": 1},
    {"http_compression": False},
    {"logger": True},
    {"logger": logging.getLogger("tests")},
    {"async_handlers": False},
    {"async_mode": "aiohttp"},
    {"monitor_clients": False},
    {"transports": "polling"},
    {"transports": ["websocket"]},
    {"allow_upgrades": False},
]
SOCKETIO_OTHERS = [
    {"namespaces": "*"},
    {"namespaces": ["/a", "/b"]},
    {"engineio_logger": False},
    {"always_connect": True},
]


@pytest.mark.parametrize("options", [DEFAULTS, *OTHERS, *SOCKETIO_OTHERS], ids=repr)
def test_server_takes_each_stock_option(options):
    server = create_server(**options)
    assert server.eio.http_compression is False


@pytest.mark.parametrize(
    "options", [{name: DEFAULTS[name] for name in DEFAULTS if name in ENGINE}, *OTHERS], ids=repr
)
def test_engine_takes_each_stock_option(options):
    assert create_engine(**options).http_compression is False


@pytest.mark.parametrize(
    "options",
    [
        {"json": json},
        {"client_manager": object()},
        {"serializer": "msgpack"},
        {"async_mode": "asgi"},
    ],
    ids=repr,
)
def test_option_that_the_transport_cannot_honour_is_refused_with_the_reason(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name}: .{{20,}}"):
        create_server(**options)


@pytest.mark.parametrize("options", [{"json": json}, {"async_mode": "asgi"}], ids=repr)
def test_option_that_the_engine_cannot_honour_is_refused_with_the_reason(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name}: .{{20,}}"):
        create_engine(**options)


async def test_subsecond_ping_interval_is_announced_as_it_is(serve, http):
    """F23."""
    rig = await serve(ping_interval=0.3, ping_timeout=0.2)
    async with http.get(rig.url, params={"EIO": "4", "transport": "polling"}) as answer:
        opening = json.loads((await answer.text())[1:])
    assert (opening["pingInterval"], opening["pingTimeout"]) == (300, 200)


async def test_nothing_is_compressed(serve, http):
    """F40: whatever the option says."""
    rig = await serve(http_compression=True, compression_threshold=1)
    ws = await http.ws_connect(rig.url + "?EIO=4&transport=websocket", compress=15)
    assert ws.compress == 0
    await ws.close()
    client = await rig.joined_poller()
    rig.server.write([client.sid], "/", "n", b'"' + b"x" * 10_000 + b'"')
    params = {"EIO": "4", "transport": "polling", "sid": client.eio_sid}
    headers = {"Accept-Encoding": "gzip"}
    async with http.get(rig.url, params=params, headers=headers) as answer:
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "query",
    [
        {"EIO": "4", "transport": "polling", "j": "0"},
        {"EIO": "4", "transport": "polling", "j": "x"},
        {"EIO": "3", "transport": "polling"},
        {"transport": "polling"},
        {"EIO": "4", "transport": "carrier-pigeon"},
        {"EIO": "4", "transport": "websocket"},
        {"EIO": "4", "transport": "polling", "sid": "unknown"},
    ],
)
async def test_handshake_that_is_not_one_is_answered_400(rig, http, query):
    async with http.get(rig.url, params=query) as answer:
        assert answer.status == 400
    assert rig.traces() == {}


async def test_websocket_handshake_that_fails_leaves_nothing(rig, http):
    query = {"EIO": "4", "transport": "websocket"}
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "3"}
    async with http.get(rig.url, params=query, headers=headers) as answer:
        assert answer.status == 400
    await rig.gone()


async def test_origin_that_is_not_listed_is_refused(serve, http):
    """S1."""
    rig = await serve(cors_allowed_origins=["https://good.example"])
    query = {"EIO": "4", "transport": "polling"}
    bad = {"Origin": "https://good.example.evil.example"}
    async with http.get(rig.url, params=query, headers=bad) as answer:
        assert answer.status == 400
        assert "Access-Control-Allow-Origin" not in answer.headers
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await rig.raw(headers=bad)
    good = {"Origin": "https://good.example"}
    async with http.get(rig.url, params=query, headers=good) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == good["Origin"]
    async with http.options(rig.url, headers=good) as answer:
        assert answer.status == 200


async def test_other_methods_are_refused(rig, http):
    client = await rig.poller()
    params = {"EIO": "4", "transport": "polling", "sid": client.eio_sid}
    async with http.head(rig.url, params=params) as answer:
        assert answer.status == 405
    async with http.post(rig.url, params={"EIO": "4"}, data="40") as answer:
        assert answer.status == 400


def test_engine_takes_the_stock_options():
    engine = create_engine(ping_interval=0.3, ping_timeout=0.2, max_http_buffer_size=10)
    assert (engine.ping_interval, engine.max_http_buffer_size) == (0.3, 10)
