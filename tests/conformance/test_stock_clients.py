"""The stock clients, JavaScript and Python, in every transport setting."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import socketio

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "clients" / "js" / "package.json"
TRANSPORTS = {
    "websocket": ["websocket"],
    "polling": ["polling"],
    "upgrade": ["polling", "websocket"],
}
NUMBERS = list(range(40))
LARGE = "x" * 900_000

needs_js = pytest.mark.skipif(
    shutil.which("node") is None
    or not (PACKAGE.parent / "node_modules" / "socket.io-client").is_dir(),
    reason="needs Node.js and `npm ci` in clients/js",
)


@pytest.fixture(params=TRANSPORTS.values(), ids=TRANSPORTS)
def transports(request):
    return request.param


async def run_js(rig, **options):
    """What the script saw; its last emits are the ``cut`` and one more with ack."""
    command = [HERE / "js" / "stock_client.mjs", PACKAGE, rig.url.removesuffix(rig.path)]
    process = await asyncio.create_subprocess_exec(
        "node",
        *map(str, command),
        json.dumps(options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


@needs_js
async def test_js_client_has_everything_answered(sio, transports):
    """F15, F16: bursts and large messages by polling are what stock loses."""
    seen = await run_js(sio, transports=transports)
    assert seen["first"] == transports[0]
    assert seen["transport"] == transports[-1]
    assert seen["auth"] == {"token": "123"}
    assert seen["burst"] == seen["burstAfter"] == NUMBERS
    assert seen["back"] == [1, "2", {"3": [True]}]
    assert seen["large"]
    assert (seen["custom"], seen["main"]) == ("there", "here")
    assert seen["unknown"] == "Invalid namespace"
    assert seen["renewed"]
    assert seen["again"] == "again"
    assert seen["disconnects"][0] in ("transport close", "transport error")
    assert len(sio.of("message")) == 40 + 40 + 5  # nothing came twice
    await sio.until(lambda: len(sio.of("disconnect")) == 3)


@needs_js
async def test_js_client_keeps_its_connection_by_pongs(serve_socketio, transports):
    rig = await serve_socketio(ping_interval=0.1, ping_timeout=5)
    seen = await run_js(rig, transports=transports)
    assert seen["again"] == "again"
    assert len(seen["disconnects"]) == 2  # the cut and its own


@needs_js
async def test_js_client_has_attachments_answered(serve_socketio, transports):
    rig = await serve_socketio(binary=True)
    seen = await run_js(rig, transports=transports, binary=True)
    assert seen["binary"][:3] == [1, 2, 3]
    assert seen["again"] == "again"


@pytest.fixture
async def python_client(sio, http, transports):
    """A connected client, in both namespaces, with what it was told."""
    client = socketio.AsyncClient(
        reconnection_delay=0.05,
        reconnection_delay_max=0.1,
        http_session=http,  # one of its own it leaves open when it is cut
    )
    client.told = asyncio.Queue()
    for namespace in ("/", "/custom"):
        client.on("*", _teller(client, namespace), namespace=namespace)
    client.on("ask", lambda value: (value, "answered"))
    await client.connect(
        sio.url.removesuffix(sio.path),
        auth={"token": "123"},
        namespaces=["/", "/custom"],
        transports=transports,
        wait_timeout=30,
    )
    yield client
    await client.shutdown()


def _teller(client, namespace):
    async def tell(event, *args):
        await client.told.put((namespace, event, *args))

    return tell


async def _told(client, count):
    async with asyncio.timeout(30):
        return [await client.told.get() for _ in range(count)]


async def test_python_client_is_told_its_auth_in_each_namespace(python_client, transports):
    told = await _told(python_client, 2)
    assert sorted(told) == [(line, "auth", {"token": "123"}) for line in ("/", "/custom")]
    assert python_client.transport() == transports[-1]


async def test_python_client_has_a_burst_of_calls_answered(python_client):
    calls = [python_client.call("message-with-ack", number, timeout=30) for number in NUMBERS]
    assert await asyncio.gather(*calls) == NUMBERS


async def test_python_client_has_a_burst_of_emits_answered_in_order(python_client):
    await _told(python_client, 2)
    for number in NUMBERS:
        await python_client.emit("message", number)
    answers = [("/", "message-back", number) for number in NUMBERS]
    assert await _told(python_client, 40) == answers


async def test_python_client_has_a_large_message_answered(python_client):
    assert await python_client.call("message-with-ack", LARGE, timeout=30) == LARGE


async def test_python_client_answers_calls_of_the_server(python_client, sio):
    answer = await sio.server.call("ask", 1, to=python_client.get_sid(), timeout=30)
    assert answer == (1, "answered")


async def test_python_client_leaves_and_the_server_is_told(python_client, sio):
    await python_client.disconnect()
    await sio.until(lambda: len(sio.of("disconnect")) == 2)


async def test_python_client_comes_back_after_a_cut(python_client, sio):
    before = python_client.get_sid()
    await _told(python_client, 2)
    await python_client.emit("cut")
    told = await _told(python_client, 2)  # its auth, again in both
    assert {event for _, event, _ in told} == {"auth"}
    assert python_client.get_sid() != before
    assert await python_client.call("message-with-ack", "again", timeout=30) == "again"
    assert len(sio.of("connect")) == 4
