"""Who a JWT says its bearer is, if it may be believed.

Called at every connect, refresh and HTTP call of a person. A refused token gets one generic text,
whatever was wrong with it; the log says why, and never shows the token (S2). Keys come from the
configuration alone: nothing in a token's header leads anywhere. Each algorithm has its own keys,
so that a public key never serves as an HMAC secret.
"""

import base64
import binascii
import logging
import re
from collections.abc import Mapping
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from notify_server.auth.jwks import JwksCache
from notify_server.auth.signing import (
    JWS,
    read_public_keys,
    read_secret,
)
from notify_server.domain.claims import Claims
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import ALGORITHMS, PUBLIC_ALGORITHMS, AuthSettings
from notify_server.kit.clock import Clock, from_ms, to_ms
from notify_server.wire.fields import id_problem

_log = logging.getLogger(__name__)

_MAX_CHARS = 8192
_LEEWAY_MS = 60_000
_MAX_SECONDS = 253_402_300_799  # the end of the year 9999, where datetime ends
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

# No slash, no "..": a key id is a name, not a path or URL. The second form is a SHA-256 in base64,
# which some providers use and which may hold slashes.
_KID = re.compile(r"(?!.*\.\.)[A-Za-z0-9._~@+=:-]{1,128}|[A-Za-z0-9+/]{43}=")

_Key = jwt.PyJWK | RSAPublicKey | EllipticCurvePublicKey | bytes


class TokenVerifier:
    """Checks tokens against the configured keys and the clock."""

    def __init__(
        self,
        settings: AuthSettings,
        clock: Clock,
        jwks: JwksCache | None = None,
        id_chars: int = 128,
    ) -> None:
        """Read the key file, if any; fetch nothing yet.

        Args:
            settings: Says which keys and algorithms count.
            clock: Decides what is expired.
            jwks: Instead of one made from ``settings.jwks_url``; for tests.
            id_chars: Longest user, role or room text (``[limits] id_chars``).

        Raises:
            ValueError: The secret or the key file is no usable key; ``app/config.py`` says so
                earlier.
        """
        self._audience = settings.jwt_audience
        self._issuer = settings.jwt_issuer
        self._clock = clock
        self._id_chars = id_chars
        self._jwks = jwks
        if jwks is None and settings.jwks_url:
            self._jwks = JwksCache(settings.jwks_url, clock)
        self._fixed: dict[str, list[_Key]] = {name: [] for name in ALGORITHMS}
        if settings.jwt_secret:
            self._fixed["HS256"].append(read_secret(settings.jwt_secret))
        if settings.jwt_public_key_file is not None:
            for algorithm, key in read_public_keys(settings.jwt_public_key_file):
                self._fixed[algorithm].append(key)
        self._allowed = frozenset(settings.jwt_algorithms or ALGORITHMS)

    async def verify(self, token: object) -> Claims:
        """Believe a token or refuse it.

        Args:
            token: What stood where a token belongs, whatever it is; without ``Bearer``.

        Raises:
            RejectedError: TOKEN_MISSING, TOKEN_INVALID or TOKEN_EXPIRED.
            UnavailableError: The provider of the keys is away; trying again helps.
        """
        if token is None or token == "":
            raise RejectedError(Code.TOKEN_MISSING, "A token is needed.")
        if not isinstance(token, str) or len(token) > _MAX_CHARS or not token.isascii():
            raise _invalid("no text of a token's size")
        algorithm, kid = self._header(token)
        return self._claims(_object(await self._payload(token, algorithm, kid)))

    def _header(self, token: str) -> tuple[str, str | None]:
        """Algorithm and key id, once nothing in the header is out of the ordinary."""
        header = _unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._allowed:
            raise _invalid("algorithm not allowed")
        if "crit" in header or "b64" in header:
            raise _invalid("critical extension")
        if not isinstance(kind := header.get("typ", "JWT"), str) or kind.lower() not in _TYPES:
            raise _invalid("another type of token")
        if kid is not None and (not isinstance(kid, str) or not _KID.fullmatch(kid)):
            raise _invalid("key id of a bad form")
        return algorithm, kid

    async def _payload(self, token: str, algorithm: str, kid: str | None) -> bytes:
        """The signed bytes, once one of the algorithm's keys has signed them."""
        for key in self._fixed[algorithm]:
            if (payload := _signed(token, algorithm, key)) is not None:
                return payload
        if self._jwks is not None and algorithm in PUBLIC_ALGORITHMS:
            for key in await self._jwks.keys(kid, algorithm):
                if (payload := _signed(token, algorithm, key)) is not None:
                    return payload
        raise _invalid("no key has signed it")

    def _claims(self, raw: Mapping[str, Any]) -> Claims:
        """Check every claim that we use; expiry last, so that it is said of good ones only."""
        now = to_ms(self._clock.now())
        expires, issued = _moment(raw, "exp"), _moment(raw, "iat")
        if issued > now + _LEEWAY_MS:
            raise _invalid("iat in the future")
        if "nbf" in raw and _moment(raw, "nbf") > now + _LEEWAY_MS:
            raise _invalid("nbf in the future")
        self._check_parties(raw)
        claims = Claims(
            user=self._id(raw.get("sub"), "sub"),
            roles=frozenset(self._ids(raw, "roles")),
            rooms=self._ids(raw, "rooms"),
            issued_at=from_ms(issued),
            expires_at=from_ms(expires),
            name=_text(raw, "name"),
            email=_text(raw, "email"),
            locale=_text(raw, "locale"),
            time_zone=_text(raw, "tz"),
        )
        if now >= expires:
            raise RejectedError(Code.TOKEN_EXPIRED, "The token has expired.")
        return claims

    def _check_parties(self, raw: Mapping[str, Any]) -> None:
        """A token for somebody else, or from somebody else, is none (RFC 7519, 4.1.1 and 4.1.3)."""
        audience = raw.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if (audience is not None or self._audience) and self._audience not in audiences:
            raise _invalid("aud is not [auth] jwt_audience")
        if self._issuer and raw.get("iss") != self._issuer:
            raise _invalid("iss is not [auth] jwt_issuer")

    def _ids(self, raw: Mapping[str, Any], claim: str) -> tuple[str, ...]:
        values = raw.get(claim)
        if values is None:
            return ()
        if not isinstance(values, list):
            raise _invalid(f"{claim} is no list")
        return tuple(self._id(value, claim) for value in values)

    def _id(self, value: object, claim: str) -> str:
        if problem := id_problem(value, self._id_chars):
            raise _invalid(f"{claim} {problem}")
        return str(value)


def _unverified_header(token: str) -> Mapping[str, Any]:
    """What a token says of itself; PyJWT reads the same again when it checks the signature."""
    part = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, orjson.JSONDecodeError) as error:
        raise _invalid("malformed") from error
    if not isinstance(header, dict):
        raise _invalid("malformed")
    return header


def _signed(token: str, algorithm: str, key: _Key) -> bytes | None:
    """The payload if ``key`` has signed it."""
    try:
        payload: bytes = JWS.decode(token, key, algorithms=[algorithm])
    except jwt.PyJWTError:
        return None
    return payload


def _object(payload: bytes) -> Mapping[str, Any]:
    try:
        raw = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _invalid("no JSON inside") from error
    if not isinstance(raw, dict):
        raise _invalid("no JSON object inside")
    return raw


def _moment(raw: Mapping[str, Any], claim: str) -> int:
    """A NumericDate in milliseconds."""
    value = raw.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(f"{claim} is no number")
    if not 0 <= value <= _MAX_SECONDS:
        raise _invalid(f"{claim} is no time")
    return round(value * 1000)


def _text(raw: Mapping[str, Any], claim: str) -> str | None:
    value = raw.get(claim)
    if value is not None and not isinstance(value, str):
        raise _invalid(f"{claim} is no text")
    return value


def _invalid(reason: str) -> RejectedError:
    """The one refusal; ``reason`` goes to the log and holds nothing of the token."""
    _log.info("token refused: %s", reason)
    return RejectedError(Code.TOKEN_INVALID, "The token is not valid.")
