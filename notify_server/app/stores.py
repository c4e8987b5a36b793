"""The store that the configuration names, and the clock that goes with it."""

from pathlib import Path

from notify_server.domain.settings import Settings
from notify_server.jobs.ticker import Job
from notify_server.kit.clock import AdjustedClock, Clock, SystemClock
from notify_server.ports.store import Store
from notify_server.stores.mongodb.store import MongoStore
from notify_server.stores.sqlite.store import SqliteStore

MONGODB = ("mongodb://", "mongodb+srv://")


def is_shared(settings: Settings) -> bool:
    """Whether several nodes may use the store."""
    return settings.store.url.startswith(MONGODB)


def make_clock(settings: Settings) -> Clock:
    """The machine's; with a store that nodes share, one that follows the store's."""
    return AdjustedClock(SystemClock()) if is_shared(settings) else SystemClock()


def make_store(settings: Settings, clock: Clock) -> Store:
    """The store that the configuration names; SQLite in ``data_dir`` unless it says otherwise."""
    url = settings.store.url
    if is_shared(settings):
        return MongoStore(url, clock)
    path = Path(url.removeprefix("sqlite:///")) if url else settings.server.data_dir / "notify.db"
    return SqliteStore(path, clock)


def store_jobs(store: Store) -> list[Job]:
    """What must be done for the store from time to time."""
    return [Job("store clock", 30, store.measure_clock)] if isinstance(store, MongoStore) else []
