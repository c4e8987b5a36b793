"""What ``doctor`` looks at beyond this machine: the store and the bus that are configured."""

from pkgutil import resolve_name
from typing import NamedTuple

from notify_server.app.stores import file_of, store_url
from notify_server.domain.check import Check, ok
from notify_server.domain.settings import Settings
from notify_server.kit.clock import Clock
from notify_server.stores.sqlite import inspection as sqlite

_MONGODB = "notify_server.stores.mongodb.inspection:inspect"
_REDIS = "notify_server.bus.inspection:inspect"
"""Imported where they are asked, as in ``app/stores.py``."""


class Inspection(NamedTuple):
    """What was found of a store.

    Attributes:
        is_there: It can be read, and a server has been there: opening it would not make it.
        is_file: Only one process may open it.
    """

    checks: list[Check]
    is_there: bool
    is_file: bool

    @property
    def is_openable(self) -> bool:
        """Whether to open it, and not only to look at it, says more."""
        return self.is_file and self.is_there


async def inspect_store(settings: Settings, clock: Clock) -> Inspection:
    """Look at the store, without opening it as a server would."""
    url = store_url(settings)
    path = file_of(url)
    if path is None:
        found = await resolve_name(_MONGODB)(url, clock)
        return Inspection(found.checks, found.is_there, is_file=False)
    if not path.exists():
        checks = [ok("store", "none yet; the first start makes it")]
        return Inspection(checks, is_there=False, is_file=True)
    return Inspection(sqlite.inspect(path), is_there=True, is_file=True)


async def inspect_bus(settings: Settings, clock: Clock) -> list[Check]:
    """Look at the bus, if there is one."""
    if not settings.bus.url:
        return [ok("bus", "none is needed by one process")]
    checks: list[Check] = await resolve_name(_REDIS)(settings.bus.url, clock)
    return checks
