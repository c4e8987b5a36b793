"""The keys that the configuration holds, and tokens made with them; nothing here calls anybody.

``auth/tokens.py`` believes tokens by these keys, ``app/config_checks.py`` asks whether they are
any, and commands make tokens. Apart from what fetches keys: a command brings no HTTP along.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm
from typing_extensions import override

from notify_server.kit.clock import to_ms

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class _ReadySecret(HMACAlgorithm):
    """HS256 with a secret that was looked at once: stock takes it for a PEM, a DER or a JWK anew
    with every token, which costs more than the signature.
    """

    @override
    def prepare_key(self, key: str | bytes) -> bytes:
        return super().prepare_key(key) if isinstance(key, str) else key


JWS = jwt.PyJWS(options={"enforce_minimum_key_length": True})
_READY_SECRET = _ReadySecret(HMACAlgorithm.SHA256)
JWS.unregister_algorithm("HS256")
JWS.register_algorithm("HS256", _READY_SECRET)


def issue_token(
    secret: str,
    user: str,
    roles: Sequence[str],
    rooms: Sequence[str],
    ttl: timedelta,
    now: datetime,
    **extra: object,
) -> str:
    """Make an HS256 token: for ``notify-server token``, the demo and tests.

    Args:
        secret: ``[auth] jwt_secret``.
        user: ``sub``.
        roles: ``roles``.
        rooms: Glob patterns of rooms that the user may join.
        ttl: From ``now`` to ``exp``.
        now: ``iat``, kept to the millisecond: a revocation spares what was issued after it.
        extra: Further claims, such as ``name``, ``aud`` or ``iss``; None is left out.
    """
    issued, expires = to_ms(now), to_ms(now + ttl)
    payload = {
        "sub": user,
        "roles": list(roles),
        "rooms": list(rooms),
        "iat": _seconds(issued),
        "exp": _seconds(expires),
        **{name: value for name, value in extra.items() if value is not None},
    }
    return JWS.encode(orjson.dumps(payload), read_secret(secret), "HS256")


def read_secret(text: str) -> bytes:
    """``[auth] jwt_secret`` as the key of HS256.

    Raises:
        ValueError: It is a public key or a certificate, which everybody may know.
    """
    try:
        return _READY_SECRET.prepare_key(text)
    except jwt.InvalidKeyError as error:
        raise ValueError("it is a key or a certificate: expected chance") from error


def read_public_keys(
    path: Path,
) -> list[tuple[str, RSAPublicKey | EllipticCurvePublicKey]]:
    """The keys of a PEM file, each with its algorithm; two of them while keys are rotated.

    Raises:
        ValueError: Unreadable, or not all of them are RSA (2,048 bits or more) or P-256 keys.
    """
    try:
        blocks = _PEM.findall(path.read_bytes())
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    if not blocks:
        raise ValueError("it holds no PEM block BEGIN PUBLIC KEY")
    return [_public_key(block) for block in blocks]


def _public_key(block: bytes) -> tuple[str, RSAPublicKey | EllipticCurvePublicKey]:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("a PEM block in it is damaged") from error
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        return "RS256", key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256", key
    raise ValueError("a key in it is neither RSA of 2,048 bits or more nor EC P-256")


def _seconds(milliseconds: int) -> int | float:
    """Whole seconds as an integer, as everybody writes them."""
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000
