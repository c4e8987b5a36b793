"""Around the handlers: errors, headers, CORS, health, operator calls, reserved paths, the demo."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from notify_server.domain.errors import UnavailableError
from notify_server.domain.settings import CorsSettings, ServerSettings
from notify_server.rest import deadline
from notify_server.rest.deps import DEPS, Readiness

ORIGIN = "https://app.example"
BODY = {"to": "42", "title": "T", "message": "M"}


def swap(service, **parts):
    """Replace what handlers are given, as an outage would."""
    app = service.product.app
    app._state[DEPS] = replace(app[DEPS], **parts)


class Away:
    """A store's stage while the store is away; any call fails as the port says."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, name):
        async def call(*_args, **_named):
            raise self._error

        return call


# Who calls


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "TOKEN_MISSING"), ("", "TOKEN_MISSING"), ("Bearer", "TOKEN_MISSING"),
        ("Bearer ", "TOKEN_MISSING"), ("Basic YTpi", "TOKEN_MISSING"),
        ("Bearer rubbish", "TOKEN_INVALID"), ("Bearer a.b.c", "TOKEN_INVALID"),
        ("Bearer nk_x_y", "KEY_INVALID"), ("Bearer nk_" + "0" * 16 + "_" + "a" * 43, "KEY_INVALID"),
    ],
)  # fmt: skip
async def test_caller_without_a_good_bearer_is_401(service, header, code):
    headers = {} if header is None else {"Authorization": header}
    for method, path in [("POST", "/notifications"), ("GET", "/notifications"),
                         ("GET", "/admin/sessions"), ("GET", "/preferences")]:  # fmt: skip
        answer = await service.call(method, path, bearer="", headers=headers)
        assert (answer.status, answer.code) == (401, code)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_caller_with_an_expired_or_revoked_token_is_401(service):
    token = service.token("42", ttl=timedelta(minutes=1))
    assert (await service.call("GET", "/notifications", bearer=token)).status == 200
    service.clock.advance(timedelta(seconds=1))
    assert (await service.call("POST", "/admin/users/42/revoke/")).status == 204
    revoked = await service.call("GET", "/notifications", bearer=token)
    assert (revoked.status, revoked.code) == (401, "TOKEN_INVALID")
    service.clock.advance(timedelta(minutes=1))
    expired = await service.call("GET", "/notifications", bearer=token)
    assert (expired.status, expired.code) == (401, "TOKEN_EXPIRED")


# Errors


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "!/nope", 404, "NOT_FOUND"), ("GET", "/nope", 404, "NOT_FOUND"),
        ("GET", "!/api/v1//notifications", 404, "NOT_FOUND"),
        ("PATCH", "/notifications", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "!/health/live", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "!/demo/", 404, "NOT_FOUND"), ("GET", "!/demo/session", 404, "NOT_FOUND"),
    ],
)  # fmt: skip
async def test_error_of_the_router_is_a_problem_document(service, method, path, status, code):
    answer = await service.call(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    if status == 405:
        assert answer.headers["Allow"]


async def test_error_store_away_is_503_with_retry_after(service):
    """S36: fail closed, generic, and again later."""
    swap(service, submissions=Away(UnavailableError("The store is away.", 3)))
    answer = await service.call("POST", "/notifications", BODY)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "3"


async def test_error_of_ours_is_500_without_details_and_logged(service, capsys):
    swap(service, submissions=Away(ValueError("secret detail")))
    answer = await service.call("POST", "/notifications", BODY)
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert "secret" not in str(answer.body)
    assert "Traceback" not in str(answer.body)
    assert "secret detail" in "".join(capsys.readouterr())


async def test_error_of_ours_about_a_person_does_not_log_whom(service, capsys):
    swap(service, profiles=Away(ValueError("boom")))
    answer = await service.call("GET", "/admin/users/ann@example.org")
    assert answer.status == 500
    log = "".join(capsys.readouterr())
    line = next(each for each in log.splitlines() if "request_failed" in each)
    assert "/admin/users/{user}" in line
    assert "ann@example" not in line


async def test_error_call_that_takes_too_long_is_503(service, monkeypatch):
    class Stuck:
        async def submit(self, *_args):
            await asyncio.Event().wait()

    monkeypatch.setattr(deadline, "DEADLINE_S", 0.05)
    swap(service, submissions=Stuck())
    answer = await service.call("POST", "/notifications", BODY)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


# Headers


async def test_headers_of_the_api_forbid_sniffing_and_storing(service):
    for answer in [
        await service.call("POST", "/notifications", BODY),
        await service.call("GET", "!/nope"),
        await service.call("GET", "!/health/live"),
    ]:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "notify-server"


async def test_cors_preflight_of_a_configured_origin_is_allowed(service):
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization, content-type"}  # fmt: skip
    answer = await service.call("OPTIONS", "/notifications", bearer="", headers=asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example"])
async def test_cors_other_origin_is_told_nothing(service, origin):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in [
        await service.call("OPTIONS", "/notifications", bearer="", headers=asked),
        await service.call("GET", "!/health/live", headers={"Origin": origin}),
    ]:
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert answer.headers["Vary"] == "Origin"


async def test_cors_errors_can_be_read_by_the_page(service):
    answer = await service.call("GET", "/nope", headers={"Origin": ORIGIN})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, ORIGIN)


# Health


async def test_health_live_and_ready_are_ok(service):
    for path in ("!/health/live", "!/health/live/", "!/health/ready", "!/health/ready/"):
        answer = await service.call("GET", path, bearer="")
        assert (answer.status, answer.body) == (200, {"status": "ok"})


async def test_health_ready_tells_degraded_draining_and_store_away(service):
    swap(service, readiness=lambda: Readiness(degraded="the bus is away"))
    answer = await service.call("GET", "!/health/ready")
    assert (answer.status, answer.body["status"]) == (200, "degraded")
    assert answer.body["reason"] == "the bus is away"
    swap(service, readiness=lambda: Readiness(draining=True))
    assert (await service.call("GET", "!/health/ready")).status == 503

    async def ping():
        raise UnavailableError("no space left at /secret/path")

    swap(service, readiness=Readiness, ping=ping)
    answer = await service.call("GET", "!/health/ready")
    assert (answer.status, answer.body["reason"]) == (503, "the store is away")
    assert (await service.call("GET", "!/health/live")).status == 200


# Operators


async def test_operator_calls_need_the_scope(service):
    for method, path in [
        ("POST", "/admin/users/42/revoke"), ("PUT", "/admin/rooms/r/members/42"),
        ("DELETE", "/admin/rooms/r/members/42"), ("DELETE", "/admin/sessions/x"),
    ]:  # fmt: skip
        for bearer in (service.keys["send"], service.keys["read"], service.token("1", "USER")):
            answer = await service.call(method, path, bearer=bearer)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_operator_room_member_gets_what_is_sent_to_the_room(service):
    path = "/admin/rooms/a%2Fb/members/42"
    assert (await service.call("PUT", path)).status == 204
    service.clock.advance(timedelta(seconds=1))
    sent = await service.submit({"room": "a/b"})
    token = service.token("42")
    assert (await service.call("GET", f"/notifications/{sent}", bearer=token)).status == 200
    admin = service.token("1", "ADMIN")
    assert (await service.call("DELETE", f"{path}/", bearer=admin)).status == 204
    later = await service.submit({"room": "a/b"})
    assert (await service.call("GET", f"/notifications/{later}", bearer=token)).status == 404


@pytest.mark.parametrize("room", ["x" * 129, "a%00b", "%20"])
async def test_operator_room_that_cannot_be_one_is_422(service, room):
    answer = await service.call("PUT", f"/admin/rooms/{room}/members/42")
    assert (answer.status, answer.paths) == (422, ["room"])


async def test_operator_explains_content_targets_and_recipients(service):
    sent = await service.submit(["42", "43", {"role": "R"}], exclude=["7"], priority="high")
    await service.call("GET", f"/notifications/{sent}", bearer=service.token("42"))
    for bearer in (service.keys["admin"], service.keys["read"], service.token("1", "ADMIN")):
        answer = await service.call("GET", f"/admin/notifications/{sent}", bearer=bearer)
        assert answer.status == 200
    told = answer.body
    assert told["notification"]["title"] == "T"
    assert told["targets"] == {
        "to": [{"user": "42"}, {"user": "43"}, {"role": "R"}], "exclude": ["7"],
    }  # fmt: skip
    assert (told["summary"]["delivered"], told["summary"]["pending"]) == (1, 1)
    first, second = told["recipients"]["items"]
    assert (first["user"], first["status"], first["state"]["status"]) == (
        "42",
        "delivered",
        "delivered",
    )
    assert (first["delivered_via"], first["attempts"]) == ("list", [])
    assert (second["status"], second["next"]["step"]) == ("pending", "wait")
    assert second["next"]["due_at"] == "2026-01-08T00:00:00.000Z"


async def test_operator_explanation_is_paged_and_of_one_user(service):
    sent = await service.submit([f"u{n}" for n in range(5)])
    path = f"/admin/notifications/{sent}"
    page = (await service.call("GET", f"{path}?limit=2&after=u1")).body["recipients"]
    assert [r["user"] for r in page["items"]] == ["u2", "u3"]
    assert page["page_info"] == {"after": "u3", "has_more": True}
    last = (await service.call("GET", f"{path}/?after=u3")).body["recipients"]
    assert last["page_info"] == {"after": None, "has_more": False}
    one = (await service.call("GET", f"{path}?user=u4")).body["recipients"]
    assert [r["user"] for r in one["items"]] == ["u4"]
    for query in ("limit=0", "limit=101", "limit=x", "foo=1"):
        assert (await service.call("GET", f"{path}?{query}")).status == 422


async def test_operator_explanation_of_what_is_unknown_is_404(service):
    assert (await service.call("GET", "/admin/notifications/nope")).status == 404


async def test_operator_sessions_are_listed_and_unknown_ones_not_closed(service):
    assert (await service.call("GET", "/admin/sessions/")).body == {"items": []}
    assert (await service.call("DELETE", "/admin/sessions/nope")).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/preferences"), ("PATCH", "/preferences/"), ("POST", "/devices"),
     ("GET", "/push/public-key"),
     ("GET", "/admin/templates")],
)  # fmt: skip
async def test_reserved_path_is_not_available(service, method, path):
    answer = await service.call(method, path)
    assert (answer.status, answer.code) == (422, "NOT_AVAILABLE")


# Where it stands


async def test_base_path_stands_before_every_path(make_service, tmp_path):
    server = ServerSettings(data_dir=tmp_path, base_path="/notify")
    service = await make_service(server=server, demo=True)
    assert (await service.call("POST", "/notifications", BODY)).status == 202
    assert (await service.call("GET", "!/health/live")).status == 200
    session = (await service.call("GET", "!/demo/session")).body
    assert (session["socket_path"], session["api_url"]) == (
        "/notify/socket.io/", "/notify/api/v1",
    )  # fmt: skip
    service.url = service.url.removesuffix("/notify")
    assert (await service.call("GET", "!/health/live")).status == 404


# The demo


async def test_demo_session_gives_a_token_and_a_key_that_work(make_service):
    service = await make_service(demo=True)
    session = (await service.call("GET", "!/demo/session?user=42&roles=ADMIN,B", bearer="")).body
    assert session.keys() == {"user", "token", "api_key", "socket_path", "api_url"}
    sent = await service.call("POST", "/notifications", BODY, bearer=session["api_key"])
    own = await service.call("GET", f"/notifications/{sent.body['id']}", bearer=session["token"])
    assert own.status == 200


@pytest.mark.parametrize("query", ["user=", "user=a%00b", f"roles={'x' * 129}", "user=a&user=b"])
async def test_demo_session_of_a_bad_user_is_422(make_service, query):
    service = await make_service(demo=True)
    assert (await service.call("GET", f"!/demo/session?{query}")).status == 422


async def test_demo_is_not_open_to_other_sites(make_service):
    service = await make_service(demo=True, cors=CorsSettings((ORIGIN,)))
    answer = await service.call("GET", "!/demo/session", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_demo_page_is_served_with_its_assets_under_a_strict_policy(make_service, tmp_path):
    service = await make_service(demo=True)
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<!doctype html><title>built</title>")
    (pages / "assets" / "a.js").write_text("1")
    (tmp_path / "outside.txt").write_text("secret")
    deps = service.product.app[DEPS]
    swap(service, demo=replace(deps.demo, pages=pages))
    page = await service.call("GET", "!/demo/", bearer="")
    assert (page.status, "built" in page.body) == (200, True)
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' ws: wss:" in policy
    assert "unsafe" not in policy
    assert (await service.call("GET", "!/demo/assets/a.js")).body == "1"
    moved = await service.call("GET", "!/demo")
    assert (moved.status, moved.headers["Location"]) == (308, "/demo/")
    for name in (
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "%2foutside.txt",
        "a%00",
        "assets",
        "no.js",
    ):
        assert (await service.call("GET", f"!/demo/{name}")).status == 404


async def test_demo_page_that_is_not_built_says_how(make_service, tmp_path):
    service = await make_service(demo=True)
    swap(service, demo=replace(service.product.app[DEPS].demo, pages=tmp_path / "none"))
    answer = await service.call("GET", "!/demo/", bearer="")
    assert answer.status == 200
    assert re.search("make pages", answer.body)
    assert re.search("notify-server listen", answer.body)


# What no client library would send


async def exchange(service, data, *, close=False):
    """Send bytes as they are; returns what comes back until the server closes or falls silent."""
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data.replace(b"KEY", service.keys["admin"].encode()))
    await writer.drain()
    if close:
        writer.close()
        await writer.wait_closed()
        return b""
    try:
        async with asyncio.timeout(30):
            head = await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
    return head


HEAD = (
    b"POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n"
    b"Content-Type: application/json\r\n"
)


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", b"415"),
        (b"Content-Length: 99999999999\r\n\r\n{", b"413"),
        (b"Content-Length: -1\r\n\r\n", b"400"),
        (b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\n\r\n{}", b"400"),
    ],
)
async def test_raw_broken_request_is_refused_and_logged_as_no_error_of_ours(
    service, rest, status, capsys
):
    head = await exchange(service, HEAD + rest)
    assert head.split(b" ")[1] == status
    assert "request_failed" not in "".join(capsys.readouterr())


async def test_raw_client_that_leaves_in_the_middle_harms_nobody(service, capsys):
    await exchange(service, HEAD + b'Content-Length: 100\r\n\r\n{"to"', close=True)
    assert (await service.call("POST", "/notifications", BODY)).status == 202
    assert "request_failed" not in "".join(capsys.readouterr())
