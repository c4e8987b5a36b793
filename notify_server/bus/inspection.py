"""What ``doctor`` says of a Redis: its version, and whether what is published comes back."""

import asyncio

import redis.asyncio as redis
from redis.asyncio.client import PubSub
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from notify_server.bus.outbox import connect
from notify_server.domain.check import Check, away, fail, ok
from notify_server.kit.clock import Clock
from notify_server.kit.ids import random_id
from notify_server.kit.remote import scrubbed, tls_fault

_TRY_S = 2.0
_KEY = "[bus] url"
_RIGHTS = (
    f"Let the user of {_KEY} use the channels and keys notify:*, and the commands ping, publish,"
    " subscribe, eval and evalsha."
)


def url_fault(url: str) -> str | None:
    """What is wrong with a URL, without asking any server; None if nothing is."""
    try:
        given = redis.ConnectionPool.from_url(url).connection_kwargs
    except ValueError:  # its message may hold a part of the password
        return (
            "expected redis://[[user]:password@]host[:port][/number], user and password"
            " percent-encoded: %2F for a slash, %40 for an at sign"
        )
    return None if given.get("host") else "expected a host"


async def inspect(url: str, clock: Clock) -> list[Check]:
    """Look at the Redis of a URL that is well-formed; what cannot be done is a finding too."""
    client = connect(url)
    checks: list[Check] = []
    try:
        checks.append(await _server(client, clock))
        checks.append(await _round_trip(client, clock))
        await client.eval("return 1", 0)
        checks.append(ok("shared rates", "Redis counts them for all nodes"))
    except (RedisError, OSError, TimeoutError) as error:
        checks.append(_trouble(error, url))
    finally:
        await client.aclose()
    return checks


async def _server(client: redis.Redis, clock: Clock) -> Check:
    began = clock.monotonic()
    await client.ping()
    took_ms = (clock.monotonic() - began) * 1000
    try:
        version = str((await client.info("server"))["redis_version"])
    except NoPermissionError:
        version = "of a version that it does not tell"
    place = client.connection_pool.connection_kwargs
    at = f"{place['host']}:{place.get('port', 6379)}"
    return ok("bus", f"Redis {version} at {at}, PING in {took_ms:.0f} ms")


async def _round_trip(client: redis.Redis, clock: Clock) -> Check:
    channel, word = f"notify:{random_id('doctor:')}", random_id()
    async with client.pubsub() as ear:
        await ear.subscribe(channel)
        await _heard(ear, "subscribe")
        began = clock.monotonic()
        await client.publish(channel, word)
        await _heard(ear, "message")
        took_ms = (clock.monotonic() - began) * 1000
    return ok("bus round trip", f"what was published came back in {took_ms:.0f} ms")


async def _heard(ear: PubSub, kind: str) -> None:
    async with asyncio.timeout(_TRY_S):
        while True:
            message = await ear.get_message(timeout=_TRY_S)
            if message is not None and message["type"] == kind:
                return


def _trouble(error: Exception, url: str) -> Check:
    told = scrubbed(str(error), url) or "no answer in time"
    if isinstance(error, AuthenticationError):
        advice = f"Look at user and password of {_KEY}."
        return fail("bus", f"the login is refused: {told}", advice)
    if isinstance(error, NoPermissionError):
        return fail("bus", f"it refuses: {told}", _RIGHTS)
    if fault := tls_fault(error):
        advice = f"rediss:// in {_KEY} asks for TLS; ssl_ca_certs=FILE names who signed."
        return away("bus", fault, advice)
    return away("bus", f"it cannot be reached: {told}", f"See that it is up, and look at {_KEY}.")
