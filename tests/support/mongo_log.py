"""What goes over the wire to a MongoDB, held against the table of declared questions."""

import contextlib
from collections import Counter

from pymongo import monitoring

from notify_server.stores.mongodb import queries

COMMANDS = {
    "find", "getMore", "aggregate", "insert", "update", "delete", "findAndModify",
    "createIndexes", "endSessions", "ping",
}  # fmt: skip
"""What the store says at all."""
OPERATORS = {"$in", "$gt", "$gte", "$lt", "$lte", "$ne", "$or", "$elemMatch"}
"""What its filters are made of; any other came from the outside (S18)."""


class CommandLog(monitoring.CommandListener):
    """Attributes:

    asked: (collection, fields of the filter, sort; None: a change) of each question.
    commands: How often each was sent.
    operators: All that stood in filters.
    """

    def __init__(self):
        self.asked = set()
        self.commands = Counter()
        self.operators = set()

    def started(self, event):
        command = event.command
        name = event.command_name
        self.commands[name] += 1
        match name:
            case "find":
                sort = tuple((command.get("sort") or {}).items())
                self._note(command["find"], command["filter"], sort)
            case "aggregate":  # it counts
                self._note(command["aggregate"], command["pipeline"][0]["$match"], ())
            case "update":
                for one in command["updates"]:
                    self._note(command["update"], one["q"], None)
            case "delete":
                for one in command["deletes"]:
                    self._note(command["delete"], one["q"], None)
            case "findAndModify":
                self._note(command["findAndModify"], command["query"], None)

    def _note(self, collection, wanted, sort):
        self.asked.add((collection, frozenset(wanted), sort))
        self.operators |= set(_operators(wanted))

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass

    def undeclared(self):
        """What the store should not have sent."""
        return [
            *(asked for asked in self.asked if not _is_declared(asked)),
            *sorted(set(self.commands) - COMMANDS),
            *sorted(self.operators - OPERATORS),
        ]


@contextlib.contextmanager
def listening():
    """Clients that are made meanwhile are listened to."""
    log = CommandLog()
    monitoring.register(log)
    try:
        yield log
    finally:
        monitoring._LISTENERS.command_listeners.remove(log)


def _operators(value):
    if isinstance(value, list | tuple):
        for each in value:
            yield from _operators(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith("$"):
                yield key
            yield from _operators(inner)


def _is_declared(asked):
    collection, fields, sort = asked
    return any(
        query.collection == collection
        and (sort is None or sort == query.sort)
        and fields >= set(query.equal) - ({"_id"} if sort is None else set())
        and fields <= {*query.equal, query.within, *query.beside}
        for query in queries.QUERIES
    )
