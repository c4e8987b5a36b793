"""API keys: how they are made, and whose key one is.

Called for each HTTP call with a key. The store holds SHA-256 of a secret of 256 random bits, which
needs no slow hash. An unknown id and a wrong secret take the same way through the same work: only
keys that were good are remembered, so neither is faster than the other (S22).
"""

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from notify_server.domain.claims import ApiKey, Caller, Scope
from notify_server.domain.errors import Code, RejectedError
from notify_server.kit.clock import Clock
from notify_server.ports.store import KeyStore

_KEY = re.compile(r"nk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_KEEP_S = 3.0  # a revocation counts within 5 s, on every node
_KEPT = 1024
_NO_HASH = sha256(b"").hexdigest()  # what an unknown id is compared with; no secret is empty


class KeyRing:
    """Tells whose key it is; asks the store every few seconds for a key in use."""

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._good: OrderedDict[tuple[str, str], tuple[float, Caller]] = OrderedDict()

    async def caller(self, key: str) -> Caller:
        """Whose key this is: ``key:<id>`` with its scopes.

        Raises:
            RejectedError: KEY_INVALID: malformed, unknown, wrong or revoked, all with one answer.
            UnavailableError: The store is away.
        """
        match = _KEY.fullmatch(key)
        if match is None:
            raise _refusal()
        key_id, secret_hash = match[1], _hash(match[2])
        if (known := self._remembered(key_id, secret_hash)) is not None:
            return known
        until = self._clock.monotonic() + _KEEP_S
        stored = await self._store.key(key_id)
        matches = hmac.compare_digest(
            _NO_HASH if stored is None else stored.secret_hash, secret_hash
        )
        if stored is None or not matches or stored.revoked_at is not None:
            raise _refusal()
        caller = Caller(f"key:{key_id}", stored.scopes)
        self._good.pop((key_id, secret_hash), None)
        self._good[key_id, secret_hash] = (until, caller)
        if len(self._good) > _KEPT:
            self._good.popitem(last=False)
        return caller

    async def create(self, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
        """Make and keep a key; see ``make_key``."""
        stored, key = make_key(name, scopes, self._clock.now())
        await self._store.add_key(stored)
        return stored, key

    async def all(self) -> list[ApiKey]:
        """Every key, oldest first, revoked ones too."""
        return await self._store.keys()

    async def revoke(self, key_id: str) -> ApiKey | None:
        """Refuse a key from now on: here at once, on other nodes within 5 s.

        Returns:
            It as it is now, or None when there is none.
        """
        if not await self._store.revoke_key(key_id, self._clock.now()):
            return None
        for known in [known for known in self._good if known[0] == key_id]:
            del self._good[known]
        return await self._store.key(key_id)

    def _remembered(self, key_id: str, secret_hash: str) -> Caller | None:
        until, caller = self._good.get((key_id, secret_hash), (0.0, None))
        return caller if self._clock.monotonic() < until else None


def make_key(name: str, scopes: Iterable[Scope], now: datetime) -> tuple[ApiKey, str]:
    """Make a key.

    Args:
        name: What people call it.
        scopes: What it may do.
        now: ``created_at``.

    Returns:
        What is stored, and the key itself, ``nk_<id>_<secret>``, which is shown once.
    """
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    stored = ApiKey(key_id, name, frozenset(scopes), _hash(secret), now)
    return stored, f"nk_{key_id}_{secret}"


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _refusal() -> RejectedError:
    return RejectedError(Code.KEY_INVALID, "The API key is not valid.")
