"""What ``doctor`` finds of a Redis; a fault says which setting to look at, never what is in it."""

import pytest
from support import redis_server
from support.ports import free_port
from support.redis_server import RedisServer
from support.tls import self_signed

from notify_server.bus.inspection import inspect, url_fault
from notify_server.domain.check import Verdict
from notify_server.kit.clock import SystemClock

pytestmark = pytest.mark.skipif(
    not redis_server.is_there(), reason="no redis-server; on Debian: apt-get install redis-server"
)


@pytest.fixture
def start():
    started = []

    def make(*options):
        started.append(RedisServer(options=options).start())
        return started[-1]

    yield make
    for server in started:
        server.kill()


async def look(url):
    checks = await inspect(url, SystemClock())
    told = "".join(f"{check.detail} {check.advice}" for check in checks)
    assert "s3/cret" not in told
    assert "s3%2Fcret" not in told
    return {check.name: check for check in checks}


async def test_redis_as_it_should_be_shows_version_and_round_trip(start):
    found = await look(start().url)
    assert {check.verdict for check in found.values()} == {Verdict.OK}
    assert "PING" in found["bus"].detail
    assert "came back" in found["bus round trip"].detail
    assert "shared rates" in found


async def test_redis_that_is_away_names_the_setting():
    found = await look(f"redis://:s3%2Fcret@127.0.0.1:{free_port()}")
    assert found["bus"].is_away
    assert "[bus] url" in found["bus"].advice


async def test_wrong_password_is_not_taken_for_away(start):
    server = start("--requirepass", "right")
    for login in ("", ":s3%2Fcret@", "joe:s3%2Fcret@"):
        found = await look(server.url.replace("://", f"://{login}"))
        assert "the login is refused" in found["bus"].detail
        assert not found["bus"].is_away
    found = await look(server.url.replace("://", "://:right@"))
    assert found["bus"].verdict is Verdict.OK


async def test_user_who_may_not_publish_is_told_what_it_needs(start):
    server = start("--user", "joe", "on", ">s3/cret", "+ping", "+subscribe", "&other:*")
    found = await look(server.url.replace("://", "://joe:s3%2Fcret@"))
    assert found["bus"].verdict is Verdict.FAIL
    assert "notify:*" in found["bus"].advice


async def test_redis_behind_tls_is_reached_if_its_certificate_is_trusted(start, tmp_path):
    made = self_signed(tmp_path)
    port = free_port()
    start("--tls-port", str(port), "--tls-cert-file", str(made.certificate),
          "--tls-key-file", str(made.key), "--tls-auth-clients", "no")  # fmt: skip
    url = f"rediss://localhost:{port}"
    found = await look(url)
    assert "certificate is not accepted" in found["bus"].detail
    assert "rediss://" in found["bus"].advice
    found = await look(f"{url}?ssl_ca_certs={made.certificate}")
    assert found["bus"].verdict is Verdict.OK


@pytest.mark.parametrize("url", ["redis://:s3/cret@h:6379", "redis://h:port", "redis://"])
def test_url_that_is_none_is_refused_without_its_password(url):
    assert "s3" not in url_fault(url)
