"""Engine.IO 4: how sessions are opened, and what is refused."""

import aiohttp
import pytest
from conformance_rig import OFFICIAL

FIELDS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
BAD_QUERIES = {
    "no version": {"transport": "?"},
    "unknown version": {"EIO": "abc", "transport": "?"},
    "version before": {"EIO": "3", "transport": "?"},
    "no transport": {"EIO": "4"},
    "unknown transport": {"EIO": "4", "transport": "abc"},
}


@pytest.fixture(params=BAD_QUERIES.values(), ids=BAD_QUERIES)
def bad_query(request):
    def fill(transport):
        return {name: transport if value == "?" else value for name, value in request.param.items()}

    return fill


async def test_handshake_polling_announces_all_fields(serve_engine):
    rig = await serve_engine(**OFFICIAL)
    opened = (await rig.poller()).opened
    assert set(opened) == FIELDS
    assert isinstance(opened["sid"], str)
    assert opened["upgrades"] == ["websocket"]
    assert (opened["pingInterval"], opened["pingTimeout"]) == (300, 200)
    assert opened["maxPayload"] == 1_000_000


async def test_handshake_websocket_announces_no_upgrades(serve_engine):
    rig = await serve_engine(**OFFICIAL)
    opened = (await rig.socket()).opened
    assert set(opened) == FIELDS
    assert opened["upgrades"] == []
    assert (opened["pingInterval"], opened["pingTimeout"]) == (300, 200)
    assert opened["maxPayload"] == 1_000_000


@pytest.mark.parametrize(
    ("seconds", "announced"), [(0.9, 900), (0.57, 570), (0.001, 1), (1, 1000), (25, 25_000)]
)
async def test_handshake_settings_are_announced_in_whole_milliseconds(
    serve_engine, seconds, announced
):
    """F23: stock announces 0.9 s as 0."""
    rig = await serve_engine(ping_interval=seconds, ping_timeout=seconds)
    opened = (await rig.poller()).opened
    assert (opened["pingInterval"], opened["pingTimeout"]) == (announced, announced)
    assert type(opened["pingInterval"]) is type(opened["pingTimeout"]) is int


async def test_handshake_without_upgrades_announces_none(serve_engine):
    rig = await serve_engine(allow_upgrades=False)
    assert (await rig.poller()).opened["upgrades"] == []


async def test_handshake_answer_is_plain_text_in_utf8(eio):
    async with eio.http.get(eio.url, params={"EIO": "4", "transport": "polling"}) as answer:
        assert answer.content_type == "text/plain"
        assert answer.charset.lower() == "utf-8"


async def test_handshake_each_session_has_its_own_id(eio):
    sids = [(await eio.poller()).sid for _ in range(20)]
    sids += [(await eio.socket()).sid for _ in range(20)]
    assert len(set(sids)) == 40


async def test_handshake_other_query_parameters_are_let_pass(eio):
    assert await eio.status(EIO="4", transport="polling", t="N8hyd6w", token="x") == 200


async def test_handshake_bad_polling_query_is_refused(eio, bad_query):
    assert await eio.status(**bad_query("polling")) == 400
    assert eio.told == []


async def test_handshake_bad_websocket_query_is_refused(eio, bad_query):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await eio.http.ws_connect(eio.url, params=bad_query("websocket"))
    assert refused.value.status == 400
    assert eio.told == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_handshake_wrong_method_is_refused(eio, method):
    assert await eio.status(method, EIO="4", transport="polling") == 400
    assert eio.told == []


async def test_handshake_websocket_without_upgrade_headers_is_refused(eio):
    assert await eio.status(EIO="4", transport="websocket") == 400
    assert eio.told == []


async def test_handshake_transport_that_is_switched_off_is_refused(serve_engine):
    rig = await serve_engine(transports=["websocket"])
    assert await rig.status(EIO="4", transport="polling") == 400
    assert (await rig.socket()).sid


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("sid", ["unknown", "0" * 500, "../x", "\x00", "\n"])
async def test_request_with_unknown_session_is_refused(eio, method, sid):
    await eio.poller()
    assert await eio.status(method, EIO="4", transport="polling", sid=sid) == 400


async def test_websocket_with_unknown_session_is_refused(eio):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await eio.connect("unknown")
    assert refused.value.status == 400


@pytest.mark.parametrize("missing", ["EIO", "transport"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_request_without_a_mandatory_parameter_is_refused(eio, method, missing):
    """The text demands both on every request, and a 400 where one is missing."""
    poller = await eio.poller()
    query = {name: value for name, value in poller.query.items() if name != missing}
    await eio.engine.send(poller.sid, "waiting")  # so that a poll which is let in is answered
    assert await eio.status(method, **query) == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_wrong_method_on_a_session_is_refused_and_changes_nothing(eio, method):
    poller = await eio.poller()
    assert await eio.status(method, **poller.query) in (400, 405)
    await poller.send("4still there")
    assert await poller.poll() == ["4still there"]
