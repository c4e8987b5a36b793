"""probe against a real server, and through a proxy that knows no websockets."""

import asyncio
import json
import os
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import jwt
from aiohttp import web
from support.ports import free_port


async def probe(server, *arguments):
    """The command; answers (exit code, what it found by name, stderr)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notify_server", "probe", "--json", "--count", "2"),
        *("--data-dir", str(server.data_dir), *arguments),
        env={k: v for k, v in os.environ.items() if not k.startswith("NOTIFY_")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    said = json.loads(out or b"{}")
    return process.returncode, {c["name"]: c for c in said.get("checks", ())}, err.decode()


def verdicts(checks):
    return {name: check["verdict"] for name, check in checks.items()}


@asynccontextmanager
async def proxy_without_websockets(target):
    """A reverse proxy that drops Upgrade, as many do until they are told otherwise."""
    async with aiohttp.ClientSession() as http:

        async def forward(request):
            kept = {"Authorization", "Content-Type", "Idempotency-Key", "Origin"}
            headers = {name: value for name, value in request.headers.items() if name in kept}
            async with http.request(
                request.method, target + request.path_qs, headers=headers, data=await request.read()
            ) as response:
                return web.Response(
                    status=response.status,
                    body=await response.read(),
                    content_type=response.content_type,
                )

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        finally:
            await runner.cleanup()


async def test_probe_of_a_good_server_is_exit_0_on_both_transports(server):
    code, checks, err = await probe(server, "--namespace", "/admin", "--role", "ADMIN")
    assert code == 0, (checks, err)
    assert set(verdicts(checks).values()) == {"ok"}
    for transport in ("websocket", "polling"):
        assert "2 sent and received" in checks[f"{transport} round trip"]["detail"]
        assert "the server counted it" in checks[f"{transport} acknowledged"]["detail"]


async def test_probe_behind_a_proxy_without_websockets_names_the_proxy(server):
    async with proxy_without_websockets(server.url) as url:
        code, checks, _ = await probe(server, "--url", url, "--key", server.api_key)
    assert code == 1
    assert checks["websocket connect"]["verdict"] == "fail"
    assert "Upgrade" in checks["websocket connect"]["advice"]
    assert checks["polling acknowledged"]["verdict"] == "ok"


async def test_probe_as_a_page_of_a_foreign_origin_names_the_setting(server):
    code, checks, _ = await probe(server, "--origin", "https://foreign.example")
    assert code == 1
    assert checks["origin"]["verdict"] == "fail"
    assert "[cors] origins" in checks["origin"]["advice"]
    assert "websocket connect" not in checks


async def test_probe_with_a_bad_key_says_401(server):
    code, checks, _ = await probe(server, "--url", server.url, "--key", "nk_no_no")
    assert code == 1
    assert "401" in checks["websocket round trip"]["detail"]


async def test_probe_with_a_key_that_may_only_send_leaves_the_count_out(server):
    made = server.cli("api-key", "create", "--name", "p", "--scope", "send").strip()
    code, checks, _ = await probe(server, "--url", server.url, "--key", made)
    assert code == 0
    assert checks["polling acknowledged"]["verdict"] == "skip"


async def test_probe_with_a_foreign_token_says_what_is_refused(server):
    claims = {"sub": "probe-foreign", "iat": int(time.time()), "exp": int(time.time()) + 600}
    forged = jwt.encode(claims, "another-secret-of-32-bytes-or-more-Xy9", algorithm="HS256")
    code, checks, _ = await probe(server, "--token", forged)
    assert code == 1
    assert "TOKEN_INVALID" in checks["websocket connect"]["detail"]
    assert "jwt_secret" in checks["websocket connect"]["advice"]


async def test_probe_of_a_line_that_is_closed_to_the_user_says_so(server):
    code, checks, _ = await probe(server, "--namespace", "/admin", "--transport", "polling")
    assert code == 1
    assert "FORBIDDEN_NAMESPACE" in checks["namespace /admin connect"]["detail"]
    assert "websocket connect" not in checks


async def test_probe_of_what_cannot_be_reached_is_exit_3(server):
    secure = server.url.replace("http:", "https:")
    for url, name in (
        ("http://nowhere.invalid", "name"),
        (f"http://127.0.0.1:{free_port()}", "port"),
        (secure, "TLS"),
    ):
        code, checks, _ = await probe(server, "--url", url, "--key", "k")
        assert code == 3, url
        assert verdicts(checks)[name] == "fail"
        assert list(checks)[-1] == name


async def test_probe_of_a_wrong_path_is_exit_1(server):
    code, checks, _ = await probe(server, "--url", f"{server.url}/x", "--key", "k")
    assert code == 1
    assert "base_path" in checks["server"]["advice"]


def test_probe_for_people_is_a_line_for_each_step(server):
    out = server.cli("probe", "--count", "1", "--transport", "polling")
    assert "\nok   polling acknowledged" in out
