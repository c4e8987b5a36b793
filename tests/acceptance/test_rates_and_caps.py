"""F9, F11, S6, S7, S11: who does too much is told so, then cut off; nobody else notices."""

import asyncio
import contextlib
import json
import time
from pathlib import Path

import aiohttp
import pytest
from support.world import World

FLOOD = 20_000
POLLING = "/socket.io/?EIO=4&transport=polling"
CALLERS = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}


@pytest.fixture
def limited(make_server):
    """Starts a server with ``[rate_limits]`` and other limits per address than the rig's."""

    def start(per_ip=2000, proxies="", **rates):
        lines = "".join(f'{name} = "{rate}"\n' for name, rate in rates.items())
        server = make_server(f"\n[rate_limits]\n{lines}")
        text = server.config.read_text("utf-8")
        # Transports that are never let in must not end by themselves meanwhile.
        text = text.replace(
            "connections_per_ip = 2000", f"connections_per_ip = {per_ip}\nhandshake_s = 60"
        )
        if proxies:
            text = text.replace("[server]\n", f'[server]\ntrusted_proxies = ["{proxies}"]\n')
        server.config.write_text(text, "utf-8")
        return server.start()

    return start


def body(to, **fields):
    return {"to": to, "title": "T", "message": "M", **fields}


def assert_limited(answer, at_most_s):
    assert (answer.status, answer.code) == (429, "RATE_LIMITED"), answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert 1 <= int(answer.headers["Retry-After"]) <= at_most_s


async def shake_hands(world, **headers):
    """One handshake by long-polling; status and headers."""
    address = world.server.url + POLLING
    async with world.http.get(address, headers=headers) as answer:
        text = await answer.text()
        sid = json.loads(text[1:])["sid"] if answer.status == 200 else None
        return answer.status, answer.headers.get("Retry-After"), sid


# --- submits ---


async def test_submit_too_often_is_429_for_this_caller_and_stores_nothing(limited):
    async with World(limited(submit="3/hour")) as world:
        user, api = world.user(), world.api
        sent = [await api.submit(user) for _ in range(2)]
        answer = await api.call("PUT", f"/notifications/{sent[0]}", {"title": "2", "message": "2"})
        assert answer.status == 202, answer
        for method, path, refused in [
            ("POST", "/notifications", body(user)),
            ("POST", "/notifications/bulk", {"items": [body(user)]}),
            ("PUT", f"/notifications/{sent[0]}", {"title": "3", "message": "3"}),
            ("POST", f"/notifications/{sent[0]}/cancel", None),
        ]:
            assert_limited(await api.call(method, path, refused), 1200)
        assert await api.ids(user) == sent[::-1]
        assert (await api.item(user, sent[0]))["revision"] == 2

        token = world.server.token(world.user("boss"), ["ADMIN"])
        other = await api.submit(user, bearer=token)
        assert await api.ids(user) == [other, *sent[::-1]]


async def test_bulk_counts_its_items(limited):
    async with World(limited(submit="10/hour")) as world:
        user, api = world.user(), world.api
        seven = {"items": [body(user) for _ in range(7)]}
        assert (await api.call("POST", "/notifications/bulk", seven)).status == 202
        assert_limited(await api.call("POST", "/notifications/bulk", seven), 4 * 360)
        assert len(await api.ids(user)) == 7
        three = {"items": seven["items"][:3]}
        assert (await api.call("POST", "/notifications/bulk", three)).status == 202
        assert_limited(await api.post(body(user)), 360)


async def test_submit_after_retry_after_is_accepted(limited):
    async with World(limited(submit="2/second")) as world:
        user = world.user()
        answers = [await world.api.post(body(user), key=f"k{n}") for n in range(20)]
        refused = [n for n, answer in enumerate(answers) if answer.status == 429]
        assert refused, "twenty came within far less than nine seconds"
        await asyncio.sleep(int(answers[refused[0]].headers["Retry-After"]))
        again = await world.api.post(body(user), key=f"k{refused[0]}")
        assert again.status == 202, "a refusal is not remembered under its key"


async def test_calls_without_a_valid_credential_too_often_are_429_for_this_address(limited):
    async with World(limited(connect="3/hour", proxies="127.0.0.1")) as world:
        api, token = world.api, world.server.token(world.user())

        async def call(bearer, address="198.51.100.7"):
            headers = {"X-Forwarded-For": address}
            return await api.call("GET", "/notifications", bearer=bearer, headers=headers)

        for bad in ("nk_a_b", "x.y.z", ""):
            assert (await call(bad)).status == 401
        assert_limited(await call("nk_a_b"), 1200)
        assert (await call("nk_a_b", "198.51.100.8")).status == 401, "another address"
        assert (await call(token)).status == 200, "who can say who they are is not locked out"


# --- events ---


async def test_one_person_may_do_ten_times_a_sessions_rate_in_all(limited):
    """By many tabs, and by calls to the inbox; others notice nothing."""
    async with World(limited(event="5/hour")) as world:
        user, other = world.user(), await world.online()
        for _ in range(9):
            tab = await world.online(user)
            assert all([(await tab.ask("mark_all_read", {}))["ok"] for _ in range(5)])
        token = world.api.as_user(user)
        calls = [await world.api.call("GET", "/notifications", bearer=token) for _ in range(6)]
        assert [call.status for call in calls] == [200] * 5 + [429]
        assert_limited(calls[-1], 3600)
        refused = await (await world.online(user)).ask("mark_all_read", {})
        assert refused["error"]["code"] == "RATE_LIMITED"
        assert (await other.ask("mark_all_read", {}))["ok"]
        assert await world.api.inbox(other.user) == []


async def test_events_too_fast_are_answered_then_the_transport_closes(limited):
    """S7: told first, then cut off without DISCONNECT, so that a stock client comes back."""
    async with World(limited(event="20/hour")) as world:
        device = await world.online()
        answers = [await device.ask("mark_all_read", {}) for _ in range(40)]
        assert [answer["ok"] for answer in answers] == [True] * 20 + [False] * 20
        for answer in answers[20:]:
            assert answer["error"]["code"] == "RATE_LIMITED"
            assert 1 <= answer["error"]["details"]["retry_after_s"] <= 180
        sent = await world.api.submit(device.user)
        await device.sees(sent)
        assert device.open, "told, and still served"
        await device.socket.emit("mark_all_read", {})
        async with asyncio.timeout(30):
            await device.socket.closed.wait()
        assert not device.socket.disconnected
        await device.connect()
        assert (await device.ask("mark_all_read", {}))["ok"], "a new session, a new allowance"


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
async def test_stock_client_that_was_cut_off_comes_back(limited, transports):
    async with World(limited(event="10/minute")) as world:
        user = world.user()
        client = world.stock(transports=transports)
        await client.start(world.server.token(user))
        for _ in range(30):
            await client.sio.emit("mark_all_read", {})
        await client.until(lambda: client.connects == 2)
        sent = await world.api.submit(user)
        await client.until(lambda: sent in client.ids)
        assert client.refusals == []


@pytest.mark.parametrize("event", ["100/second", "5/second"])
async def test_client_without_callbacks_keeps_up_with_a_whole_replay(limited, event):
    async with World(limited(event=event)) as world:
        user = world.user()
        items = [body(user, title=f"T{n}") for n in range(300)]
        answer = await world.api.call("POST", "/notifications/bulk", {"items": items})
        ids = [item["id"] for item in answer.body["items"]]
        device = world.device(user)
        device.ack_promised = False
        await device.connect()
        assert sorted(device.ids) == sorted(ids)
        answers = await asyncio.gather(
            *(device.ask("notification_ack", {"notification_id": i, "revision": 1}) for i in ids)
        )
        assert all(answer["ok"] for answer in answers)
        assert (await device.ask("mark_all_read", {}))["ok"], "they took nothing from events"


async def test_callbacks_are_never_counted(limited):
    async with World(limited(event="5/hour")) as world:
        device = await world.online()
        ids = [await world.api.submit(device.user) for _ in range(60)]
        await device.sees(*ids)
        await world.delivered(device.user, *ids)
        assert device.open


async def test_event_flood_is_cut_off_and_harms_nobody(limited):
    """F9: 20,000 events from one client."""
    async with World(limited()) as world:
        offender, other = await world.online(), await world.online()
        memory = _resident_kb(world.server)
        flood = asyncio.create_task(_flood(offender.socket))
        trips = []
        while not flood.done() or len(trips) < 30:
            begun = time.monotonic()
            assert (await other.ask("get_notifications", {}))["ok"]
            trips.append(time.monotonic() - begun)
            await asyncio.sleep(0.02)  # below its own allowance
        await flood
        async with asyncio.timeout(30):
            await offender.socket.closed.wait()
        assert not offender.socket.disconnected
        assert sorted(trips)[len(trips) // 2] < 0.5, trips
        assert max(trips) < 5, trips
        assert _resident_kb(world.server) - memory < 30_000
        await world.gone(offender.user)
        await offender.connect()
        await world.barrier(offender, other)


@pytest.mark.parametrize("frame", ["3", "430[]", '43999999999["x"]', "control ping"])
async def test_flood_of_what_is_no_event_grows_nothing_and_harms_nobody(limited, frame):
    """S7: pongs, acknowledgements of nothing, pings of the websocket itself."""
    async with World(limited()) as world:
        offender, other = await world.online(transport="websocket"), await world.online()
        memory = _resident_kb(world.server)
        with contextlib.suppress(ConnectionError):
            for number in range(FLOOD):
                if frame == "control ping":
                    await offender.socket._wire._ws.ping(b"x" * 100)
                else:
                    await offender.socket.send(frame)
                if number % 500 == 0:
                    assert (await other.ask("get_notifications", {}))["ok"]
        assert (await other.ask("get_notifications", {}))["ok"]
        assert _resident_kb(world.server) - memory < 30_000
        await world.barrier(other)


async def _flood(socket):
    with contextlib.suppress(ConnectionError):
        for number in range(FLOOD):
            await socket.send(f'42{number}["mark_read",{{"notification_id":"n{number}"}}]')
            if number % 50 == 0:
                await asyncio.sleep(0)


def _resident_kb(server):
    status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)


# --- connecting ---


async def test_handshakes_too_often_are_503_for_this_address(limited):
    async with World(limited(connect="3/hour", proxies="127.0.0.1")) as world:
        statuses = [await shake_hands(world, **CALLERS) for _ in range(4)]
        assert [status for status, _, _ in statuses] == [200, 200, 200, 503]
        assert 1000 < int(statuses[-1][1]) <= 1200
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await world.http.ws_connect(
                f"{world.server.url}/socket.io/?EIO=4&transport=websocket", headers=CALLERS
            )
        assert caught.value.status == 503
        assert int(caught.value.headers["Retry-After"]) > 1000
        # What the client wrote itself changes nothing; another client is another.
        spoofed = {"X-Forwarded-For": "7.7.7.7, 198.51.100.1"}
        assert (await shake_hands(world, **spoofed))[0] == 503
        assert (await shake_hands(world, **{"X-Forwarded-For": "198.51.100.2"}))[0] == 200


async def test_handshakes_of_ipv6_are_counted_by_64_bits(limited):
    async with World(limited(connect="1/hour", proxies="127.0.0.0/8")) as world:

        async def status(address):
            return (await shake_hands(world, **{"X-Forwarded-For": address}))[0]

        assert await status("2001:db8:1:2::1") == 200
        assert await status("2001:db8:1:2:ffff::9") == 503
        assert await status("2001:db8:1:3::1") == 200


async def test_forwarded_address_of_a_stranger_is_not_believed(limited):
    async with World(limited(connect="2/hour")) as world:
        statuses = [
            (await shake_hands(world, **{"X-Forwarded-For": f"198.51.100.{n}"}))[0]
            for n in range(3)
        ]
        assert statuses == [200, 200, 503]


async def test_open_connections_of_one_address_are_capped_and_given_back(limited):
    """S6: by websocket and long-polling, however they end; others still come in."""
    async with World(limited(per_ip=3, proxies="127.0.0.1")) as world:
        first, second = [await world.online() for _ in range(2)]
        status, _, sid = await shake_hands(world)
        assert status == 200
        for _ in range(3):
            refused = await shake_hands(world)
            assert refused[0] == 503
            assert int(refused[1]) >= 1
        assert (await shake_hands(world, **CALLERS))[0] == 200, "another address"

        async def room():
            status, _, sid = await shake_hands(world)
            return sid if status == 200 else None

        async with world.http.post(f"{world.server.url}{POLLING}&sid={sid}", data="1") as answer:
            assert answer.status == 200
        sid = await world.api.until(room)
        assert (await shake_hands(world))[0] == 503, "given back once"
        await first.drop()
        await world.api.until(room)
        assert (await shake_hands(world))[0] == 503
        await second.close()
        await world.api.until(room)
        assert (await shake_hands(world))[0] == 503


async def test_upgraded_connection_counts_once(limited):
    async with World(limited(per_ip=2)) as world:
        clients = []
        for _ in range(2):
            clients.append(world.stock(transports=("polling", "websocket")))
            await clients[-1].start(world.server.token(world.user()))
            assert clients[-1].sio.transport() == "websocket"
        assert (await shake_hands(world))[0] == 503
        await clients[0].stop()

        async def room():
            return (await shake_hands(world))[0] == 200

        await world.api.until(room)
        assert (await shake_hands(world))[0] == 503
