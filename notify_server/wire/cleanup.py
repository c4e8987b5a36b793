"""``POST /admin/cleanup`` as it is asked and answered."""

from dataclasses import dataclass
from datetime import timedelta

from notify_server.domain.errors import Code, RejectedError
from notify_server.wire.fields import Flag, StrictSchema, Whole, load

MAX_DAYS = 36_500


class CleanupSchema(StrictSchema):
    """How old is old, and whether it is only counted."""

    days = Whole(1, MAX_DAYS)
    dry_run = Flag(load_default=False)


_CLEANUP = CleanupSchema()


@dataclass(frozen=True, slots=True)
class CleanupWish:
    """``keep`` None: as long as ``[inbox] retention_s`` says."""

    keep: timedelta | None
    dry_run: bool


def parse_cleanup(raw: object) -> CleanupWish:
    """Read the body; None is an empty one.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(_CLEANUP, {} if raw is None else raw)
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    days = values.get("days")
    return CleanupWish(None if days is None else timedelta(days=days), values["dry_run"])


def cleanup_to_wire(count: int, *, more: bool, dry_run: bool) -> dict[str, object]:
    """Spell what was removed, or would be."""
    return {"removed": 0 if dry_run else count, "matching": count, "more": more}
