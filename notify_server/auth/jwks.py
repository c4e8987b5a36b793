"""Public keys from a JWKS URL: fetched when needed, kept, and bounded in what they can cost.

Called by ``auth/tokens.py``. The set is kept for five minutes. A key id that is not in it makes
one more fetch, ten seconds apart at most, so that a flood of made-up ids reaches the provider as a
trickle. While the provider is away the last good set serves for an hour; without one nobody
gets in (S36).
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import jwt

from notify_server.domain.errors import UnavailableError
from notify_server.kit.clock import Clock

_log = logging.getLogger(__name__)

FRESH_S = 300.0
"""How long a fetched set is believed without asking again."""
STALE_S = 3600.0
"""How long it serves while the provider does not answer."""
REFETCH_S = 10.0
"""Shortest pause between two fetches while a set is held."""
FIRST_RETRY_S = 1.0
"""Shortest pause after a failed fetch while none is held: nobody gets in, so it is short."""
TIMEOUT = timedelta(seconds=2.5)
"""Of one fetch; below 3 s, so that a connect is answered within 3 s (X24)."""

_MAX_BYTES = 262_144
_MAX_KEYS = 64
_ALGORITHM_BY_KIND: Mapping[str, str] = {"RSA": "RS256", "EC": "ES256"}


class JwksCache:
    """The keys behind one URL; one fetch at a time, shared by all who wait."""

    def __init__(self, url: str, clock: Clock, timeout: timedelta = TIMEOUT) -> None:
        """Nothing is fetched before the first token.

        Args:
            url: ``https://…`` or ``http://…``; redirects are not followed.
            clock: Its monotonic side measures ages.
            timeout: Of one whole fetch.
        """
        self._url = url
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._last_ok = False
        self._flight: asyncio.Task[None] | None = None

    async def keys(self, kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
        """Keys that may have signed a token with this header.

        Args:
            kid: The token's key id; None: every key of the algorithm.
            algorithm: ``RS256`` or ``ES256``; keys of the other kind are never answered.

        Returns:
            Empty when the provider knows no such key.

        Raises:
            UnavailableError: The provider is away and no kept key fits.
        """
        if self._age(self._fetched_at) >= FRESH_S:
            await self._refresh()
        found = self._select(kid, algorithm)
        if not found and self._age(self._tried_at) >= REFETCH_S:
            await self._refresh()
            found = self._select(kid, algorithm)
        if not found and not self._last_ok:
            raise UnavailableError("Tokens cannot be checked right now.")
        return found

    def _select(self, kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
        if self._age(self._fetched_at) >= STALE_S:
            return []
        return [
            key
            for key in self._keys
            if key.algorithm_name == algorithm and (kid is None or key.key_id == kid)
        ]

    def _age(self, since: float | None) -> float:
        return float("inf") if since is None else self._clock.monotonic() - since

    async def _refresh(self) -> None:
        """Fetch, or wait for the fetch that is under way; after a failure pause first."""
        if self._flight is None:
            pause = REFETCH_S if self._keys else FIRST_RETRY_S
            if not self._last_ok and self._age(self._tried_at) < pause:
                return
            self._flight = asyncio.create_task(self._fetch(), name="jwks fetch")
            self._flight.add_done_callback(self._landed)
        await asyncio.shield(self._flight)  # one who gives up must not stop it for the others

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> None:
        try:
            self._keys = _parse(await self._download())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._last_ok = False
            _log.warning("the JWKS could not be fetched: %s: %s", type(error).__name__, error)
        else:
            self._last_ok = True
            self._fetched_at = self._clock.monotonic()
        finally:
            self._tried_at = self._clock.monotonic()

    async def _download(self) -> bytes:
        async with (
            aiohttp.ClientSession(timeout=self._timeout) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise ValueError(f"more than {_MAX_BYTES} bytes")
            return bytes(body)


def _parse(body: bytes) -> tuple[jwt.PyJWK, ...]:
    """The usable keys of a set.

    Raises:
        ValueError: No JWKS, or no usable key in it.
    """
    try:
        document = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    rows = document.get("keys") if isinstance(document, dict) else None
    listed = rows[:_MAX_KEYS] if isinstance(rows, list) else []
    keys = tuple(key for row in listed if (key := _usable(row)) is not None)
    if not keys:
        raise ValueError("no RS256 or ES256 key for signatures in it")
    return keys


def _usable(row: Any) -> jwt.PyJWK | None:
    """A public key for signatures, or None; a symmetric key is never one (S2: HS/RS confusion)."""
    if not isinstance(row, dict) or "d" in row or row.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHM_BY_KIND.get(str(row.get("kty")))
    if algorithm is None or row.get("alg", algorithm) != algorithm:
        return None
    if algorithm == "ES256" and row.get("crv") != "P-256":
        return None
    try:
        return jwt.PyJWK(row, algorithm)
    except jwt.PyJWTError:
        return None
