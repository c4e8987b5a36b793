"""How every connection to MongoDB is made: by the store, and by ``doctor``."""

from pymongo import AsyncMongoClient

from notify_server.stores.mongodb.documents import Document

TRY_S = 2.0
"""How long one try waits for a server to be found, connected or heard."""
POOL = 32
"""Connections at most: more would only wait for each other at the server."""
NAME = "notify"
"""The database, where the URL names none."""

Client = AsyncMongoClient[Document]


def make_client(url: str) -> Client:
    """A client that connects when it is first used.

    What the URL says about safety does not count: a write is answered when most members of a
    replica set have it on disk, and the primary is read, where one's own writes are.

    Raises:
        PyMongoError, ValueError, OSError: The URL, or a certificate that it names.
    """
    return AsyncMongoClient(
        url,
        w="majority",
        journal=True,
        readPreference="primary",
        connectTimeoutMS=TRY_S * 1000,
        serverSelectionTimeoutMS=TRY_S * 1000,
        socketTimeoutMS=TRY_S * 1000,
        maxPoolSize=POOL,
        tz_aware=True,
        appname="notify-server",
    )
