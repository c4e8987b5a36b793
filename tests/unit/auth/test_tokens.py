"""Tokens: which are believed, and that no bad one says why (S2)."""

import asyncio
import base64
import json
import logging
from contextlib import suppress
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from notify_server.auth.signing import issue_token
from notify_server.auth.tokens import TokenVerifier
from notify_server.domain.claims import Claims
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import AuthSettings
from notify_server.kit.clock import ManualClock, to_ms

SECRET = "Zk3v9Qw1Lr8Xt5Bn2Hy7Jd4Fg6Ms0Pc-"
NOW = to_ms(ManualClock().now()) // 1000
HOUR = timedelta(hours=1)
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def clock():
    return ManualClock()


def pem(*keys):
    return b"".join(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for key in keys
    )


def claims(**changes):
    """Good claims with changes; ``...`` takes one away."""
    good = {"sub": "42", "roles": ["ADMIN"], "iat": NOW, "exp": NOW + 3600}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(payload=None, key=SECRET, algorithm="HS256", **header):
    """A token that PyJWT itself would think twice about."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload or claims()).encode()
    return jwt.PyJWS().encode(raw, key, algorithm, headers=header or None)


def by_hand(header, payload=None, signature=b""):
    """A token out of any parts."""
    parts = [json.dumps(header).encode(), json.dumps(payload or claims()).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def refusal(token, clock, **options):
    verifier = TokenVerifier(AuthSettings(**(options or {"jwt_secret": SECRET})), clock)
    with pytest.raises(RejectedError) as caught:
        await verifier.verify(token)
    return caught.value


async def test_issued_token_is_believed(clock):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    extra = {"name": "Ann", "email": "a@example.org", "locale": "de", "tz": "Europe/Vienna"}
    token = issue_token(SECRET, "42", ["ADMIN", "OPS"], ["task_*"], HOUR, clock.now(), **extra)
    assert await verifier.verify(token) == Claims(
        user="42",
        roles=frozenset({"ADMIN", "OPS"}),
        rooms=("task_*",),
        issued_at=clock.now(),
        expires_at=clock.now() + HOUR,
        name="Ann",
        email="a@example.org",
        locale="de",
        time_zone="Europe/Vienna",
    )


async def test_issued_token_keeps_milliseconds(clock):
    clock.advance(timedelta(milliseconds=123))
    token = issue_token(SECRET, "42", [], [], HOUR, clock.now(), name=None)
    got = await TokenVerifier(AuthSettings(jwt_secret=SECRET), clock).verify(token)
    assert (got.issued_at, got.expires_at) == (clock.now(), clock.now() + HOUR)


async def test_least_claims_are_enough(clock):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    got = await verifier.verify(signed({"sub": "ünï 42", "iat": NOW, "exp": NOW + 1}))
    assert (got.user, got.roles, got.rooms, got.name) == ("ünï 42", frozenset(), (), None)


@pytest.mark.parametrize("token", ["", None])
async def test_no_token_is_told_as_missing(clock, token):
    assert (await refusal(token, clock)).code is Code.TOKEN_MISSING


# S2: the table of attacks. Each gets the same code and the same sentence.

HEADERS = {
    "alg none": by_hand({"alg": "none"}),
    "alg None": by_hand({"alg": "None"}),
    "alg missing": by_hand({"typ": "JWT"}),
    "alg of another type": by_hand({"alg": ["HS256"]}),
    "alg HS512": signed(key=SECRET * 2, algorithm="HS512"),
    "alg of a public key": signed(key=RSA_KEY, algorithm="RS256"),
    "no signature": by_hand({"alg": "HS256"}),
    "zero signature": by_hand({"alg": "HS256"}, signature=b"\0" * 32),
    "another secret": signed(key="x" * 32),
    "unknown crit": signed(crit=["exp"], exp=1),
    "crit that a library knows": by_hand({"alg": "HS256", "crit": ["b64"], "b64": True}),
    "b64 false": by_hand({"alg": "HS256", "crit": ["b64"], "b64": False}),
    "kid path": signed(kid="../../dev/null"),
    "kid absolute path": signed(kid="/etc/passwd"),
    "kid URL": signed(kid="https://evil.example/key"),
    "kid SQL": signed(kid="x' UNION SELECT 'a"),
    "kid of another type": by_hand({"alg": "HS256", "kid": 7}),
    "kid endless": signed(kid="k" * 129),
    "typ of another kind": signed(typ="logout+jwt"),
    "typ of another type": by_hand({"alg": "HS256", "typ": 1}),
    "header no object": by_hand(["alg", "HS256"]),
    "nothing": ".",
    "two dots": "..",
    "not base64": "a!.b!.c!",
    "four parts": signed() + ".x",
    "with Bearer": "Bearer " + signed(),
    "not ASCII": signed() + "é",
    "8 KB": "a" * 8193,
    "1 MB": signed(claims(pad="a" * 1_000_000)),
    "bytes": b"abc",
    "a number": 7,
    "a list": [signed()],
}

PAYLOADS = {
    "no JSON": b"{",
    "no object": b"[]",
    "no UTF-8": b'{"sub": "\xff"}',
    "endlessly nested": b"[" * 3000 + b"]" * 3000,
    "NaN": b'{"sub": "42", "iat": NaN, "exp": 9999999999}',
    "no sub": claims(sub=...),
    "no exp": claims(exp=...),
    "no iat": claims(iat=...),
    "sub empty": claims(sub=""),
    "sub a number": claims(sub=42),
    "sub endless": claims(sub="a" * 129),
    "sub with a line break": claims(sub="42\n43"),
    "sub with NUL": claims(sub="42\0"),
    "sub with C1": claims(sub="42\x85"),
    "sub that no path can name": claims(sub=".."),
    "sub blank": claims(sub=" "),
    "sub with a line separator": claims(sub="42\u2028"),
    "exp a text": claims(exp="9999999999"),
    "exp true": claims(exp=True),
    "exp null": claims(exp=None),
    "exp beyond time": claims(exp=1e18),
    "exp negative": claims(exp=-1),
    "iat a text": claims(iat="now"),
    "iat in the future": claims(iat=NOW + 61),
    "nbf in the future": claims(nbf=NOW + 61),
    "nbf a text": claims(nbf="now"),
    "nbf null": claims(nbf=None),
    "roles a text": claims(roles="ADMIN"),
    "roles of numbers": claims(roles=[1]),
    "roles empty": claims(roles=[""]),
    "roles an object": claims(roles={"ADMIN": True}),
    "rooms a text": claims(rooms="*"),
    "rooms of lists": claims(rooms=[["*"]]),
    "rooms with a control": claims(rooms=["a\x7f"]),
    "name a number": claims(name=1),
    "aud for others": claims(aud="somebody-else"),
    "aud for others in a list": claims(aud=["somebody-else"]),
}
ATTACKS = HEADERS | {name: signed(payload) for name, payload in PAYLOADS.items()}


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
async def test_bad_token_is_refused_with_a_generic_text(clock, caplog, token):
    with caplog.at_level(logging.DEBUG):
        error = await refusal(token, clock)
    assert (error.code, str(error)) == (Code.TOKEN_INVALID, "The token is not valid.")
    assert error.faults == ()
    if isinstance(token, str) and len(token) > 2:
        assert token not in caplog.text
    (record,) = caplog.records
    assert record.getMessage().startswith("token refused: ")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
CLAIM = st.sampled_from(
    ["sub", "iat", "exp", "nbf", "aud", "iss", "roles", "rooms", "name", "email", "locale", "tz"]
)


@given(changes=st.dictionaries(CLAIM, ANY_JSON, max_size=3))
def test_signed_claims_of_any_shape_are_believed_or_refused(changes):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), ManualClock())
    with suppress(RejectedError):
        got = asyncio.run(verifier.verify(signed(claims(**changes))))
        assert 0 < len(got.user) <= 128
        assert all(isinstance(role, str) for role in (*got.roles, *got.rooms))


@given(header=ANY_JSON, payload=ANY_JSON, signature=st.binary(max_size=40))
def test_unsigned_token_of_any_shape_is_refused(header, payload, signature):
    token = by_hand(header, payload, signature)
    error = asyncio.run(refusal(token, ManualClock()))
    assert error.code is Code.TOKEN_INVALID


async def test_every_changed_character_of_a_token_is_noticed(clock):
    token = signed()
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        assert (await refusal(changed, clock)).code is Code.TOKEN_INVALID


async def test_key_in_a_header_leads_nowhere(clock):
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
    token = signed(key=RSA_KEY, algorithm="RS256", jwk=jwk, jku="http://127.0.0.1:1/keys")
    assert (await refusal(token, clock)).code is Code.TOKEN_INVALID


# Algorithms and keys


async def test_public_key_is_no_hmac_secret(clock, tmp_path):
    file = tmp_path / "k.pem"
    file.write_bytes(pem(RSA_KEY))
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    for secret in (pem(RSA_KEY), pem(RSA_KEY).strip()):
        signature = base64.urlsafe_b64encode(mac.sign(header + b"." + payload, secret))
        token = b".".join([header, payload, signature.rstrip(b"=")]).decode()
        error = await refusal(token, clock, jwt_public_key_file=file)
        assert error.code is Code.TOKEN_INVALID
        error = await refusal(token, clock, jwt_public_key_file=file, jwt_secret=SECRET)
        assert error.code is Code.TOKEN_INVALID


async def test_key_file_with_two_keys_believes_both(clock, tmp_path):
    file = tmp_path / "k.pem"
    new = rsa.generate_private_key(65537, 2048)
    file.write_bytes(pem(RSA_KEY, new, EC_KEY))
    verifier = TokenVerifier(AuthSettings(jwt_public_key_file=file), clock)
    for key, algorithm in ((RSA_KEY, "RS256"), (new, "RS256"), (EC_KEY, "ES256")):
        token = signed(key=key, algorithm=algorithm, kid="any")
        assert (await verifier.verify(token)).user == "42"
    other = signed(key=rsa.generate_private_key(65537, 2048), algorithm="RS256")
    assert (await refusal(other, clock, jwt_public_key_file=file)).code is Code.TOKEN_INVALID


async def test_algorithm_that_is_not_listed_is_refused(clock, tmp_path):
    file = tmp_path / "k.pem"
    file.write_bytes(pem(RSA_KEY))
    options = {
        "jwt_secret": SECRET,
        "jwt_public_key_file": file,
        "jwt_algorithms": ("RS256",),
    }
    assert (await refusal(signed(), clock, **options)).code is Code.TOKEN_INVALID
    token = signed(key=RSA_KEY, algorithm="RS256")
    assert (await TokenVerifier(AuthSettings(**options), clock).verify(token)).user == "42"


@pytest.mark.parametrize("kid", ["2026-01", "a.b_c~d:e@f=", "A" * 43 + "=", "/+" + "A" * 41 + "="])
async def test_common_key_ids_are_fine(clock, kid):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    assert (await verifier.verify(signed(kid=kid))).user == "42"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_types_of_access_tokens_are_fine(clock, typ):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    assert (await verifier.verify(signed(typ=typ))).user == "42"


# Audience and issuer


@pytest.mark.parametrize("audience", ["notify", ["other", "notify"]])
async def test_demanded_audience_and_issuer_are_accepted(clock, audience):
    auth = AuthSettings(jwt_secret=SECRET, jwt_audience="notify", jwt_issuer="https://idp")
    token = signed(claims(aud=audience, iss="https://idp"))
    assert (await TokenVerifier(auth, clock).verify(token)).user == "42"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": "notify"},
        {"iss": "https://idp"},
        {"aud": "other", "iss": "https://idp"},
        {"aud": ["other"], "iss": "https://idp"},
        {"aud": {"notify": 1}, "iss": "https://idp"},
        {"aud": "notify", "iss": "https://idp/"},
        {"aud": "notify", "iss": ["https://idp"]},
    ],
)
async def test_other_audience_or_issuer_is_refused(clock, changes):
    error = await refusal(
        signed(claims(**changes)),
        clock,
        jwt_secret=SECRET,
        jwt_audience="notify",
        jwt_issuer="https://idp",
    )
    assert error.code is Code.TOKEN_INVALID


# Time: of the clock alone


async def test_expiry_has_no_leeway(clock):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    token = issue_token(SECRET, "42", [], [], HOUR, clock.now())
    clock.advance(HOUR - timedelta(milliseconds=1))
    assert (await verifier.verify(token)).user == "42"
    clock.advance(timedelta(milliseconds=1))
    error = await refusal(token, clock)
    assert (error.code, str(error)) == (Code.TOKEN_EXPIRED, "The token has expired.")


async def test_expired_token_that_is_bad_is_only_called_bad(clock):
    for token in (signed(claims(exp=NOW), key="x" * 32), signed(claims(exp=NOW, sub=""))):
        assert (await refusal(token, clock)).code is Code.TOKEN_INVALID


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_clocks_may_differ_by_a_minute(clock, claim):
    verifier = TokenVerifier(AuthSettings(jwt_secret=SECRET), clock)
    assert (await verifier.verify(signed(claims(**{claim: NOW + 60})))).user == "42"
