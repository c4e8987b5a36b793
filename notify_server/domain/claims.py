"""Who is calling: what a verified token or API key says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified JWT.

    Attributes:
        user: ``sub``.
        rooms: Glob patterns of rooms that the user may join.
        issued_at: ``iat``.
        expires_at: ``exp``.
    """

    user: str
    roles: frozenset[str]
    rooms: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    name: str | None = None
    email: str | None = None
    locale: str | None = None
    time_zone: str | None = None


class Scope(StrEnum):
    """What an API key may do."""

    SEND = "send"
    BROADCAST = "broadcast"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key; the key itself is known only to its holder.

    Attributes:
        id: Shown in lists and logs; the key is ``nk_<id>_<secret>``.
        secret_hash: SHA-256 of the secret, hexadecimal (the secret has 256 random bits).
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    secret_hash: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who submits: a key or a user, and what they may do."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the scope, or admin, is held."""
        return scope in self.scopes or Scope.ADMIN in self.scopes
