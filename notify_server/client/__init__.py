"""The Python client: ``Client`` for scripts and threads, ``AsyncClient`` for asyncio.

It needs httpx2 and typing-extensions alone (the extra ``client``), none of the server's libraries.
``docs/client.md`` has an example of everything.
"""

from notify_server.client.asynchronous import AsyncClient
from notify_server.client.body import EVERYONE, Details, namespace, role, room, user
from notify_server.client.errors import (
    AuthenticationError,
    ClientError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    SetupError,
    UnavailableError,
    UnreachableError,
)
from notify_server.client.progress import AsyncProgress, Progress
from notify_server.client.results import Cancelled, ItemResult, Sent
from notify_server.client.sync import Client

__all__ = [
    "EVERYONE",
    "AsyncClient",
    "AsyncProgress",
    "AuthenticationError",
    "Cancelled",
    "Client",
    "ClientError",
    "ConflictError",
    "Details",
    "ForbiddenError",
    "InvalidRequestError",
    "ItemResult",
    "NotFoundError",
    "Progress",
    "RateLimitedError",
    "Sent",
    "ServerError",
    "SetupError",
    "UnavailableError",
    "UnreachableError",
    "namespace",
    "role",
    "room",
    "user",
]
