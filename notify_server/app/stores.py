"""The store that the configuration names, and the clock that goes with it."""

from pathlib import Path
from pkgutil import resolve_name

from notify_server.domain.settings import Settings
from notify_server.kit.clock import AdjustedClock, Clock, SystemClock
from notify_server.ports.store import Store
from notify_server.stores.sqlite.store import SqliteStore

MONGODB = ("mongodb://", "mongodb+srv://")
_SQLITE = "sqlite:///"
_MONGO_STORE = "notify_server.stores.mongodb.store:MongoStore"
"""Imported where it is named: PyMongo is a tenth of a start, and most servers have a file."""


def make_clock(settings: Settings) -> Clock:
    """The machine's; with a store that nodes share, one that follows the store's."""
    return clock_for(settings.store.url)


def clock_for(url: str) -> Clock:
    """The same, by the store's URL."""
    return AdjustedClock(SystemClock()) if url.startswith(MONGODB) else SystemClock()


def make_store(settings: Settings, clock: Clock) -> Store:
    """The store that the configuration names; SQLite in ``data_dir`` unless it says otherwise."""
    return store_at(store_url(settings), clock)


def store_url(settings: Settings) -> str:
    """The store's URL, also where none is configured."""
    return settings.store.url or f"{_SQLITE}{settings.server.data_dir / 'notify.db'}"


def store_at(url: str, clock: Clock) -> Store:
    """The store of a URL, not open."""
    path = file_of(url)
    if path is not None:
        return SqliteStore(path, clock)
    store: Store = resolve_name(_MONGO_STORE)(url, clock)
    return store


def file_of(url: str) -> Path | None:
    """The file of a SQLite URL; None: it is another engine's."""
    return None if url.startswith(MONGODB) else Path(url.removeprefix(_SQLITE))
