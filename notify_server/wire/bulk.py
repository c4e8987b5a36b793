"""Many submissions in one call (contract 4). Called by ``rest/``."""

from dataclasses import replace
from datetime import datetime

from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.notification import Draft
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.policy.types import TypeRegistry
from notify_server.wire.json import path_key
from notify_server.wire.submission import idempotency_key_problem, parse_draft


def parse_item(
    raw: object,
    types: TypeRegistry,
    limits: LimitSettings,
    now: datetime,
    path: str,
    *,
    namespaces: NamespaceSettings,
) -> Draft:
    """Read one item of a bulk call: a submission with an optional ``idempotency_key``.

    Raises:
        RejectedError: As ``parse_draft``.
    """
    key = None
    if isinstance(raw, dict) and "idempotency_key" in raw:
        key = raw["idempotency_key"]
        raw = {name: value for name, value in raw.items() if name != "idempotency_key"}
        if key is not None and (problem := idempotency_key_problem(key)):
            raise RejectedError.at(path_key(path, "idempotency_key"), problem)
    draft = parse_draft(raw, types, limits, now, path, namespaces=namespaces)
    return replace(draft, idempotency_key=key)


def bulk_items(raw: object, limits: LimitSettings) -> list[object]:
    """The items of a bulk body, unread.

    Raises:
        RejectedError: The body is no ``{"items": […]}``, or too many are in it.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("items"), list):
        raise RejectedError.at("items", "must be a list")
    items: list[object] = raw["items"]
    faults = [Fault(path_key("", key), "unknown field") for key in raw if key != "items"]
    if not 1 <= len(items) <= limits.bulk_items:
        faults.append(Fault("items", f"must have 1 to {limits.bulk_items} items"))
    if sum(map(_named_targets, items)) > limits.bulk_targets:
        faults.append(Fault("items", f"must not name more than {limits.bulk_targets} users in all"))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return items


def _named_targets(item: object) -> int:
    to = item.get("to") if isinstance(item, dict) else None
    entries = to if isinstance(to, list) else [to]
    return sum(isinstance(e, str) or (isinstance(e, dict) and "user" in e) for e in entries)
