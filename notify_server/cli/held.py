"""What a client has already shown: the wire is at least once, the screen is once (contract 9)."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

_MOST = 10_000


class _Holding(NamedTuple):
    revision: int
    sort_at: str | None


class Held:
    """The newest notifications of a client, by id."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Holding] = OrderedDict()

    def is_new(self, payload: Mapping[str, Any]) -> bool:
        """Whether a ``notification`` frame is to be shown; holds it from now on.

        A frame of a later revision that went to many has no ``sort_at``: the client keeps its own.
        A reminder is always shown.
        """
        notification = payload.get("notification") or {}
        key = str(notification.get("id"))
        before = self._by_id.get(key)
        revision = int(notification.get("revision") or 1)
        sort_at = notification.get("sort_at") or (before.sort_at if before else None)
        known = before is not None and (
            revision < before.revision or before == _Holding(revision, sort_at)
        )
        if not known:
            self._by_id[key] = _Holding(revision, sort_at)
            self._by_id.move_to_end(key)
            if len(self._by_id) > _MOST:
                self._by_id.popitem(last=False)
        return not known or "reminder" in payload
