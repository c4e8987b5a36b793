"""The audit as the operator's call shows it (contract 7)."""

from notify_server.domain.audit import AuditEntry, AuditPage, AuditQuery
from notify_server.domain.errors import Code, RejectedError
from notify_server.kit.clock import to_rfc3339
from notify_server.wire.cursor import decode_number, encode_number
from notify_server.wire.fields import StrictSchema, Text, Whole, load

MAX_ENTRIES = 100
_NAME_CHARS = 256
_CURSOR_CHARS = 1024


class AuditQuerySchema(StrictSchema):
    """``?who= &action= &subject=`` and a page."""

    who = Text(_NAME_CHARS)
    action = Text(_NAME_CHARS)
    subject = Text(_NAME_CHARS)
    before = Text(_CURSOR_CHARS)
    limit = Whole(1, MAX_ENTRIES, text=True, load_default=MAX_ENTRIES)


_QUERY = AuditQuerySchema()


def parse_audit_query(raw: object) -> AuditQuery:
    """Read the query string.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(_QUERY, raw)
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    before = values.get("before")
    return AuditQuery(
        limit=values["limit"],
        before_seq=None if before is None else decode_number(before, "before"),
        who=values.get("who"),
        action=values.get("action"),
        subject=values.get("subject"),
    )


def audit_to_wire(page: AuditPage) -> dict[str, object]:
    """Entries, newest first, and where the next page begins."""
    last = page.items[-1].seq if page.has_more else None
    return {
        "items": [entry_to_wire(entry) for entry in page.items],
        "page_info": {
            "before": None if last is None else encode_number(last),
            "has_more": page.has_more,
        },
    }


def entry_to_wire(entry: AuditEntry) -> dict[str, object]:
    """One entry with its hashes, so that a copy kept elsewhere can be compared."""
    return {
        "seq": entry.seq,
        "at": to_rfc3339(entry.at),
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "details": dict(entry.details),
        "seal": entry.seal,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
