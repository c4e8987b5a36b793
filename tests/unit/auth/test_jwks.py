"""Keys from a JWKS URL: real server, real keys; how often it is asked, and what if it is away."""

import asyncio
import json
import socket
from datetime import timedelta
from time import perf_counter

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from notify_server.auth.jwks import JwksCache
from notify_server.auth.tokens import TokenVerifier
from notify_server.domain.errors import Code, RejectedError, UnavailableError
from notify_server.domain.settings import AuthSettings
from notify_server.kit.clock import ManualClock, to_ms

OLD = rsa.generate_private_key(65537, 2048)
NEW = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
SECONDS = timedelta(seconds=1)


def row(key, kid, **more):
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    kind = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, **more}


def token(clock, key, kid=None, algorithm="RS256"):
    now = to_ms(clock.now()) // 1000
    payload = json.dumps({"sub": "42", "iat": now, "exp": now + 86_400}).encode()
    return jwt.PyJWS().encode(payload, key, algorithm, headers={"kid": kid} if kid else None)


class Provider:
    """An identity provider that can fail in the usual ways."""

    def __init__(self):
        self.rows = [row(OLD, "old", use="sig", alg="RS256")]
        self.asked = 0
        self.status = 200
        self.body = None
        self.hangs = False
        self.reached = asyncio.Event()
        self.gone = asyncio.Event()
        self.url = ""

    async def answer(self, _request):
        self.asked += 1
        self.reached.set()
        if self.hangs:
            await self.gone.wait()
        if self.status in (301, 302):
            raise web.HTTPFound("/elsewhere")
        body = self.body if self.body is not None else json.dumps({"keys": self.rows}).encode()
        return web.Response(status=self.status, body=body)


@pytest.fixture
async def provider():
    provider = Provider()
    app = web.Application()
    app.router.add_get("/jwks", provider.answer)
    app.router.add_get("/elsewhere", provider.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks"
    yield provider
    provider.gone.set()
    await runner.cleanup()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def verifier(provider, clock):
    return TokenVerifier(AuthSettings(jwks_url=provider.url), clock)


async def refused(verifier, bad):
    with pytest.raises(RejectedError) as caught:
        await verifier.verify(bad)
    assert caught.value.code is Code.TOKEN_INVALID


async def test_keys_are_fetched_once_for_all_who_wait(provider, clock, verifier):
    good = token(clock, OLD, "old")
    got = await asyncio.gather(*(verifier.verify(good) for _ in range(50)))
    assert {claims.user for claims in got} == {"42"}
    assert provider.asked == 1


async def test_keys_are_kept_for_five_minutes(provider, clock, verifier):
    await verifier.verify(token(clock, OLD, "old"))
    clock.advance(299 * SECONDS)
    await verifier.verify(token(clock, OLD, "old"))
    assert provider.asked == 1
    provider.rows = [row(NEW, "new")]
    clock.advance(SECONDS)
    await refused(verifier, token(clock, OLD, "old"))
    assert provider.asked == 2


async def test_rotation_finds_the_new_key_at_once_and_the_old_one_still(provider, clock, verifier):
    await verifier.verify(token(clock, OLD, "old"))
    provider.rows.append(row(NEW, "new"))
    clock.advance(10 * SECONDS)
    assert (await verifier.verify(token(clock, NEW, "new"))).user == "42"
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"
    assert provider.asked == 2


async def test_unknown_key_ids_ask_once_in_ten_seconds(provider, clock, verifier):
    await verifier.verify(token(clock, OLD, "old"))
    clock.advance(10 * SECONDS)
    for number in range(20):
        await refused(verifier, token(clock, NEW, f"made-up-{number}"))
    assert provider.asked == 2
    clock.advance(10 * SECONDS)
    await refused(verifier, token(clock, NEW, "made-up"))
    assert provider.asked == 3


async def test_token_without_key_id_is_tried_with_every_key(provider, clock, verifier):
    provider.rows = [row(OLD, "old"), row(NEW, "new"), row(CURVE, "ec")]
    assert (await verifier.verify(token(clock, NEW))).user == "42"
    assert (await verifier.verify(token(clock, CURVE, algorithm="ES256"))).user == "42"
    await refused(verifier, token(clock, rsa.generate_private_key(65537, 2048)))


async def test_key_is_not_tried_under_another_key_id(provider, clock, verifier):
    provider.rows = [row(OLD, "old"), row(NEW, "new")]
    await refused(verifier, token(clock, NEW, "old"))


async def test_keys_that_are_not_for_signatures_are_passed_over(provider, clock, verifier):
    """S2: a symmetric, private, weak or encryption key in the set believes nothing."""
    weak = rsa.generate_private_key(65537, 1024)
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(NEW))
    provider.rows = [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "oct", "alg": "HS256"},
        row(NEW, "enc", use="enc"),
        row(NEW, "pss", alg="PS256"),
        {**private, "kid": "private"},
        row(weak, "weak"),
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        row(ec.generate_private_key(ec.SECP384R1()), "p384"),
        "no object",
        row(OLD, "old"),
    ]
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"
    for kid in ("enc", "pss", "private", "broken"):
        await refused(verifier, token(clock, NEW, kid))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        signed_weakly = token(clock, weak, "weak")
    await refused(verifier, signed_weakly)
    secret = "secretsecretsecretsecret" + "x" * 8
    with_secret = token(clock, secret, "oct", "HS256")
    await refused(verifier, with_secret)


FAILURES = {
    "500": {"status": 500},
    "redirect": {"status": 302},
    "no JSON": {"body": b"<html>"},
    "no UTF-8": {"body": b"\xff\xfe\xfd"},
    "no set": {"body": b"[]"},
    "no list": {"body": b'{"keys": 1}'},
    "no usable key": {"body": b'{"keys": []}'},
    "endlessly nested": {"body": b"[" * 100_000},
    "too large": {"body": b" " * 300_000},
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_failed_first_fetch_lets_nobody_in(provider, clock, verifier, failure):
    """S36: fail closed, as something that passes."""
    vars(provider).update(failure)
    with pytest.raises(UnavailableError, match="cannot be checked right now"):
        await verifier.verify(token(clock, OLD, "old"))
    provider.status, provider.body = 200, None
    clock.advance(SECONDS)
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"


async def test_provider_that_refuses_connections_lets_nobody_in(clock, unused_port):
    verifier = TokenVerifier(AuthSettings(jwks_url=f"http://127.0.0.1:{unused_port}/"), clock)
    with pytest.raises(UnavailableError):
        await verifier.verify(token(clock, OLD, "old"))


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_provider_that_hangs_is_given_up_within_three_seconds(provider, clock, verifier):
    """X24: and all who wait get their answer from the one fetch."""
    provider.hangs = True
    good = token(clock, OLD, "old")
    start = perf_counter()
    got = await asyncio.gather(*(verifier.verify(good) for _ in range(10)), return_exceptions=True)
    assert perf_counter() - start < 3 + 7, "seven for a busy machine"
    assert all(isinstance(error, UnavailableError) for error in got)
    assert provider.asked == 1


async def test_one_who_gives_up_does_not_stop_the_fetch(provider, clock, verifier):
    provider.hangs = True
    first = asyncio.create_task(verifier.verify(token(clock, OLD, "old")))
    second = asyncio.create_task(verifier.verify(token(clock, OLD, "old")))
    await provider.reached.wait()
    first.cancel()
    provider.gone.set()
    assert (await second).user == "42"
    assert first.cancelled()


async def test_kept_keys_serve_for_an_hour_while_the_provider_is_away(provider, clock, verifier):
    await verifier.verify(token(clock, OLD, "old"))
    provider.status = 503
    clock.advance(300 * SECONDS)
    for _ in range(20):
        assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"
    assert provider.asked == 2
    clock.advance(3299 * SECONDS)
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"
    clock.advance(SECONDS)
    with pytest.raises(UnavailableError):
        await verifier.verify(token(clock, OLD, "old"))
    provider.status = 200
    clock.advance(10 * SECONDS)
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"


async def test_unknown_key_id_while_the_provider_is_away_is_no_verdict(provider, clock, verifier):
    await verifier.verify(token(clock, OLD, "old"))
    provider.status = 503
    clock.advance(10 * SECONDS)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            await verifier.verify(token(clock, NEW, "new"))
    assert provider.asked == 2
    assert (await verifier.verify(token(clock, OLD, "old"))).user == "42"


async def test_failing_provider_without_kept_keys_is_asked_once_a_second(provider, clock):
    provider.status = 503
    cache = JwksCache(provider.url, clock)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            await cache.keys("old", "RS256")
    assert provider.asked == 1
    clock.advance(SECONDS)
    with pytest.raises(UnavailableError):
        await cache.keys("old", "RS256")
    assert provider.asked == 2


async def test_hmac_token_never_asks_the_provider(provider, clock, verifier):
    await refused(verifier, token(clock, "s" * 32, "old", "HS256"))
    assert provider.asked == 0
