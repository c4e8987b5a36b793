"""The store that the configuration names, and the clock that goes with it."""

from pathlib import Path

from notify_server.domain.settings import Settings
from notify_server.jobs.ticker import Job
from notify_server.kit.clock import AdjustedClock, Clock, SystemClock
from notify_server.ports.store import Store
from notify_server.stores.mongodb.store import MongoStore
from notify_server.stores.sqlite.store import SqliteStore

MONGODB = ("mongodb://", "mongodb+srv://")
_SQLITE = "sqlite:///"


def make_clock(settings: Settings) -> Clock:
    """The machine's; with a store that nodes share, one that follows the store's."""
    return clock_for(settings.store.url)


def clock_for(url: str) -> Clock:
    """The same, by the store's URL."""
    return AdjustedClock(SystemClock()) if url.startswith(MONGODB) else SystemClock()


def make_store(settings: Settings, clock: Clock) -> Store:
    """The store that the configuration names; SQLite in ``data_dir`` unless it says otherwise."""
    url = settings.store.url
    return store_at(url or f"{_SQLITE}{settings.server.data_dir / 'notify.db'}", clock)


def store_at(url: str, clock: Clock) -> Store:
    """The store of a URL, not open."""
    path = file_of(url)
    return MongoStore(url, clock) if path is None else SqliteStore(path, clock)


def file_of(url: str) -> Path | None:
    """The file of a SQLite URL; None: it is another engine's."""
    return None if url.startswith(MONGODB) else Path(url.removeprefix(_SQLITE))


def store_jobs(store: Store) -> list[Job]:
    """What must be done for the store from time to time."""
    return [Job("store clock", 30, store.measure_clock)] if isinstance(store, MongoStore) else []
