"""S1, S24, S25, S26, S33: strange pages, old tricks, broken HTTP, and asking after strangers."""

import asyncio

import aiohttp
import pytest
from support.server import Server
from support.world import World

PAGE = "https://app.example.org"
POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
BODY = {"title": "t", "message": "m"}
STRANGE = [
    "https://evil.example",
    "null",
    "http://app.example.org",
    "https://app.example.org.evil.example",
    "https://evil-app.example.org",
    "https://app.example.org:8443",
    "https://app.example.org/",
    "HTTPS://APP.EXAMPLE.ORG",
    "https://app.example.org@evil.example",
    "file://",
    "*",
]


@pytest.fixture(scope="module")
def paged(tmp_path_factory):
    """A server that one page of another host may use."""
    server = Server(tmp_path_factory.mktemp("paged"), f'\n[cors]\norigins = ["{PAGE}"]\n')
    server.start()
    yield server
    assert server.stop() == 0


@pytest.fixture
async def site(paged):
    async with World(paged) as world:
        yield world


async def _refused(site, headers, query=POLLING):
    """A handshake that must not happen; both ways of asking."""
    async with site.http.get(site.server.url + query, headers=headers) as answer:
        assert answer.status == 400, (headers, answer.status)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert '"sid"' not in await answer.text()


@pytest.mark.parametrize("origin", STRANGE)
async def test_page_of_a_strange_origin_opens_no_session(site, origin):
    await _refused(site, {"Origin": origin})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await site.http.ws_connect(site.server.url + WEBSOCKET, headers={"Origin": origin})
    assert refusal.value.status == 400
    assert await site.api.sessions() == []


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Forwarded-Host": "evil.example", "Cookie": "io=x; session=y"},
        {"Cookie": "io=x; session=y"},
    ],
)
async def test_forged_host_headers_and_cookies_make_no_origin_ours(site, forged):
    await _refused(site, {"Origin": "https://evil.example", **forged})


async def test_page_of_the_allowed_origin_is_let_in_by_token_alone(site):
    """And a call without an Origin, as a script makes it: no cookie means anything here."""
    for headers in ({"Origin": PAGE}, {"Cookie": "io=x; session=y"}, {}):
        async with site.http.get(site.server.url + POLLING, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers.get("Access-Control-Allow-Origin") == headers.get("Origin")
    async with site.http.get(
        f"{site.server.url}/api/v1/notifications", headers={"Cookie": "session=y"}
    ) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("index", ["0", "x", "%3Cscript%3E", ""])
async def test_jsonp_is_refused_in_front_of_everything(site, index):
    answer = await site.http.get(f"{site.server.url}{POLLING}&j={index}")
    async with answer:
        text = await answer.text()
    assert "___eio" not in text
    if index:
        assert answer.status == 400
    await _refused(site, {}, f"{POLLING}&j=0")


@pytest.mark.parametrize("path", ["/api/v1/notifications", "/health/live", POLLING, "/nothing"])
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "NONSENSE"])
async def test_strange_method_is_refused_and_echoes_nothing(site, method, path):
    line = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Secret: s3cret\r\nConnection: close\r\n\r\n"
    answer = await _talk(site.server.port, line.encode())
    assert answer.split()[1] in {b"400", b"404", b"405"}, answer
    assert b"s3cret" not in answer
    assert b"Traceback" not in answer


BROKEN = {
    "two lengths": b"POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    b"Content-Length: 5\r\n\r\n{}abc",
    "length and chunks": b"POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 100 kB": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Big: "
    + b"a" * 100_000
    + b"\r\n\r\n",
    "a header without a name": b"GET /health/live HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "a line folded": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a bare line feed in a name": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX\nA: b\r\n\r\n",
}


@pytest.mark.parametrize("case", BROKEN)
async def test_broken_http_is_refused_once_and_the_connection_ends(site, case):
    answer = await _talk(site.server.port, BROKEN[case])
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5")), answer
    assert b"Traceback" not in answer
    assert b'File "' not in answer
    assert (await site.api.call("GET", "/health/live", bearer="")).status == 200


async def _talk(port, data):
    """Everything that is answered until the server closes, or says nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(30):
            return await reader.read(1 << 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
async def test_body_of_another_kind_is_refused(site, kind):
    headers = {"Content-Type": kind}
    body = b'{"to":"42","title":"t","message":"m"}'
    answer = await site.api.call("POST", "/notifications", raw=body, headers=headers)
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_answers_forbid_sniffing_and_name_no_library(site):
    answers = [
        await site.api.call("GET", "/nothing"),
        await site.api.call("GET", "/health/live"),
        await site.api.call("POST", "/notifications", raw=b"{"),
    ]
    async with site.http.get(site.server.url + POLLING) as polled:
        heads = [polled.headers, *(answer.headers for answer in answers)]
    for head in heads:
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Server"] == "notify-server"


async def test_recipients_of_one_call_are_bounded(site):
    """S26: more are refused whole; a broadcast needs its own scope (see the scopes of keys)."""
    many = {"to": [f"u{n}" for n in range(501)], **BODY}
    answer = await site.api.post(many)
    assert (answer.status, answer.paths) == (422, ["to"])
    items = [{"to": [f"u{n}" for n in range(500)], **BODY}] * 21
    answer = await site.api.post({"items": items}, path="/notifications/bulk")
    assert (answer.status, answer.paths) == (422, ["items"])
    answer = await site.api.post({"items": [{}] * 1_001}, path="/notifications/bulk")
    assert (answer.status, answer.paths) == (422, ["items"])


async def test_strangers_are_no_different_from_nobody(site):
    """S33: neither presence, nor delivery, nor rooms tell a person who else exists."""
    stranger = await site.online(site.user("stranger"))
    asking = await site.online(site.user("asking"))
    token = site.api.as_user(asking.user)
    sent = await site.api.submit(stranger.user)
    await site.delivered(stranger.user, sent)

    async def shape(method, path):
        answer = await site.api.call(method, path, bearer=token)
        return answer.status, answer.code, answer.body["detail"], answer.body.get("errors")

    nobody = "01a1fe28-0000-7000-8000-000000000000"
    for there, missing in (
        (f"/admin/presence?user={stranger.user}", "/admin/presence?user=nobody"),
        (f"/admin/notifications/{sent}", f"/admin/notifications/{nobody}"),
        (f"/notifications/{sent}", f"/notifications/{nobody}"),
    ):
        found = await shape("GET", there)
        assert found[0] in {403, 404}, (there, found)
        assert found == await shape("GET", missing), there
    for event in ("mark_read", "acknowledge", "clicked", "dismiss"):
        one, other = [await asking.ask(event, {"notification_id": each}) for each in (sent, nobody)]
        assert one == other
        assert one["error"]["code"] == "NOT_FOUND"
