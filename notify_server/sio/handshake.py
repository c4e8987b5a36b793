"""Letting a client in: who it is, which line it wants, and what it has already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notify_server.domain.claims import Claims
from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.settings import NamespaceSettings
from notify_server.domain.target import USER_LINE
from notify_server.wire.cursor import decode_cursor

_DEVICE_CHARS = 128
_FIELDS: Mapping[str, type] = {"ack": bool, "cursor": str, "device_id": str}


@dataclass(frozen=True, slots=True)
class Greeting:
    """The ``auth`` of a connect, checked for shape; ``token`` is whatever was given as one."""

    token: object
    acks: bool
    cursor: str | None
    device_id: str | None


def parse_greeting(auth: object, authorization: str) -> Greeting:
    """Read what a client says of itself.

    Args:
        auth: The payload of CONNECT, anything.
        authorization: The header of the handshake: a token may be there as well.

    Raises:
        RejectedError: INVALID with the path of each fault.
    """
    given = auth if auth is not None else {}
    if not isinstance(given, dict):
        raise RejectedError.at("auth", "must be an object")
    faults = [
        Fault(f"auth.{name}", f"must be {'a boolean' if kind is bool else 'a string'}")
        for name, kind in _FIELDS.items()
        if given.get(name) is not None and not isinstance(given[name], kind)
    ]
    device_id = given.get("device_id")
    if isinstance(device_id, str) and len(device_id) > _DEVICE_CHARS:
        faults.append(Fault("auth.device_id", f"must have at most {_DEVICE_CHARS} characters"))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return Greeting(
        token=given.get("token") or _bearer(authorization),
        acks=bool(given.get("ack")),
        cursor=given.get("cursor"),
        device_id=device_id,
    )


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def line_of(namespace: str, namespaces: NamespaceSettings) -> str:
    """The line behind a namespace: aliases of the user line are that line."""
    return USER_LINE if namespace in namespaces.user else namespace


def all_namespaces(namespaces: NamespaceSettings) -> list[str]:
    """Every namespace that a client may ask for."""
    return list(dict.fromkeys([USER_LINE, *namespaces.user, *namespaces.lines]))


def cursor_of(greeting: Greeting, claims: Claims, line: str) -> tuple[datetime | None, bool]:
    """The stamp of the cursor that a client came with, and whether it is none of ours for it."""
    if greeting.cursor is None:
        return None, False
    cursor = decode_cursor(greeting.cursor)
    if cursor is None or cursor.user != claims.user or cursor.line != line:
        return None, True
    return cursor.stamp, False
