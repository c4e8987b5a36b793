"""What ``doctor`` says of a MongoDB: server, topology, durability, indexes.

Looks with a client of its own, beside whatever serves; makes no index and, where no server has
been yet, no collection.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from notify_server.domain.check import Check, away, fail, ok, warn
from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.remote import scrubbed, tls_fault
from notify_server.stores.mongodb.client import NAME, Client, make_client
from notify_server.stores.mongodb.documents import Document
from notify_server.stores.mongodb.faults import FORBIDDEN, LOGIN_REFUSED
from notify_server.stores.mongodb.queries import INDEXES, META, Index

_KEY = "[store] url"
_AWAY = f"See that it is up, and that {_KEY} names it: host, port, replicaSet."
_LOGIN = f"Look at user, password, authSource and authMechanism of {_KEY}."
_TLS = f"Look at tls, tlsCAFile and tlsCertificateKeyFile of {_KEY}, and at the server's own."
_RIGHTS = f"Give the user of {_KEY} the role readWrite on that database."
_TOPOLOGY = "topology"


class Inspection(NamedTuple):
    """What was found.

    Attributes:
        is_there: It could be read, and a server has been there.
    """

    checks: list[Check]
    is_there: bool = False


async def inspect(url: str, clock: Clock) -> Inspection:
    """Look at the MongoDB of a URL; what cannot be done is a finding too."""
    try:
        client = make_client(url)
    except (PyMongoError, ValueError, OSError) as error:
        return Inspection([fail("store", scrubbed(str(error), url), f"Look at {_KEY}.")])
    found = Inspection([])
    try:
        found = await _look(client, clock, found.checks)
    except PyMongoError as error:
        found.checks.append(_trouble(client, error, url))
    finally:
        await client.close()
    return found


async def _look(client: Client, clock: Clock, checks: list[Check]) -> Inspection:
    """Notes each finding at once, so that what fails hides nothing of what was seen before."""
    database = client.get_default_database(NAME)
    version = (await client.server_info())["version"]
    at = " ".join(sorted(f"{host}:{port}" for host, port in client.nodes))
    checks.append(ok("store", f"MongoDB {version} at {at}, database {database.name}"))
    checks.append(_topology(client))
    if META not in await database.list_collection_names():
        checks.append(ok("indexes", "none yet; the first start makes them"))
        return Inspection(checks)
    checks.append(await _round_trip(database, clock))
    names = dict.fromkeys((*(index.collection for index in INDEXES), META))
    held = {name: await database[name].index_information() for name in names}
    checks += [_indexes(name, held[name]) for name in held if name != META]
    checks.append(_ttl(held))
    return Inspection(checks, is_there=True)


def _topology(client: Client) -> Check:
    seen = client.topology_description
    kind = seen.topology_type_name
    if kind.startswith("ReplicaSet"):
        members = len(seen.server_descriptions())
        return ok(_TOPOLOGY, f"replica set {seen.replica_set_name} of {members}, with a primary")
    if kind in ("Sharded", "LoadBalanced"):
        return ok(_TOPOLOGY, "sharded cluster" if kind == "Sharded" else "behind a load balancer")
    types = {each.server_type_name for each in seen.server_descriptions().values()}
    if types == {"Standalone"}:
        return warn(
            _TOPOLOGY,
            "standalone: nothing takes over when this server fails",
            "For more than a trial run a replica set of three.",
        )
    if types == {"Mongos"}:
        return ok(_TOPOLOGY, "sharded cluster, through one router")
    return warn(
        _TOPOLOGY,
        "one member of a replica set: another primary would not be found",
        f"Name replicaSet in {_KEY}, and no directConnection.",
    )


async def _round_trip(database: AsyncDatabase[Document], clock: Clock) -> Check:
    began = clock.monotonic()
    change = {"$set": {"checked_at": to_ms(clock.now())}}
    await database[META].update_one({"_id": "health"}, change, upsert=True)
    await database[META].find_one({"_id": "health"})
    took_ms = (clock.monotonic() - began) * 1000
    concern = database.write_concern.document
    told = ", ".join(f"{name}: {value}" for name, value in concern.items())
    return ok("write concern", f"{told}; written and read back in {took_ms:.0f} ms")


def _indexes(collection: str, held: Mapping[str, Mapping[str, Any]]) -> Check:
    name = f"indexes {collection}"
    wanted = [index for index in INDEXES if index.collection == collection]
    missing = [index.name for index in wanted if index.name not in held]
    wrong = [i.name for i in wanted if i.name in held and not _is_as_declared(i, held[i.name])]
    there = [index.name for index in wanted if index.name not in (*missing, *wrong)]
    if wrong:
        return fail(name, f"not as declared: {' '.join(wrong)}", "Drop them, and start a server.")
    if missing:
        detail = f"missing: {' '.join(missing)}; there: {' '.join(there) or 'none'}"
        return warn(name, detail, "The next start of a server makes them.")
    return ok(name, f"{len(there)} of {len(wanted)}: {' '.join(there)}")


def _is_as_declared(index: Index, held: Mapping[str, Any]) -> bool:
    keys = tuple((field, int(way)) for field, way in held["key"])
    return (
        keys == index.keys
        and bool(held.get("unique")) == index.unique
        and bool(held.get("sparse")) == index.sparse
    )


def _ttl(held: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Check:
    """None is declared (docs/decisions/0011): one that is there removes what is still wanted."""
    found = [
        f"{collection}.{name}"
        for collection, indexes in held.items()
        for name, index in indexes.items()
        if "expireAfterSeconds" in index
    ]
    if found:
        detail = f"{' '.join(found)}: MongoDB removes documents that the server still counts on"
        return warn("TTL indexes", detail, "Drop them: the cleanup job removes what is old.")
    return ok("TTL indexes", "none, as it should be: the cleanup job removes what is old")


def _trouble(client: Client, error: PyMongoError, url: str) -> Check:
    """The cause in words, with what to look at."""
    if isinstance(error, OperationFailure):
        told = scrubbed(str((error.details or {}).get("errmsg") or error), url)
        if error.code in LOGIN_REFUSED:
            return fail("store", f"the login is refused: {told}", _LOGIN)
        advice = _RIGHTS if error.code in FORBIDDEN else "Look at the log of MongoDB."
        return fail("store", f"it refuses: {told}", advice)
    servers = client.topology_description.server_descriptions().values()
    causes = [error, *(each.error for each in servers if each.error is not None)]
    for cause in causes:
        if fault := tls_fault(cause):
            return away("store", fault, _TLS)
    told = str(causes[-1]).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
    return away("store", f"it cannot be reached: {scrubbed(told, url)}", _AWAY)
