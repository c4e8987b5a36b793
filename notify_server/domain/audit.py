"""What operators changed: who, what, when, and about whom; each entry seals the one before it.

An entry is never changed, so that nobody can hide what was done, except in one way: what a person's
erasure takes out is the name of whom the entry is about. The hash covers a seal of that name
instead of the name, and stays true when it is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

import orjson

from notify_server.kit.clock import to_ms

FIRST = 1
"""Where the numbers begin."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change by an operator.

    Attributes:
        seq: Its number, from 1 without a gap.
        who: The caller: ``key:<id>``, ``user:<id>``, ``key:local`` for the command line.
        action: What was done, ``<noun>.<verb>``.
        subject: About whom or what: ``user:<id>``, ``notification:<id>``, ``key:<id>``; None once
            that person was erased.
        details: What else matters; neither payload text nor secrets, and no person.
        salt: Keeps the seal from being guessed; goes with the subject.
        seal: SHA-256 of salt and subject.
        previous_hash: ``hash`` of the entry before; empty for the first.
        hash: SHA-256 over all of the above, save subject and salt.
    """

    seq: int
    at: datetime
    who: str
    action: str
    subject: str | None
    details: Mapping[str, object] = field(default_factory=dict)
    salt: str | None = None
    seal: str = ""
    previous_hash: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries: below ``before_seq``, and what the filters name."""

    limit: int
    before_seq: int | None = None
    who: str | None = None
    action: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first."""

    items: tuple[AuditEntry, ...]
    has_more: bool


def user_subject(user: str) -> str:
    """How an entry names a person."""
    return f"user:{user}"


def sealed(entry: AuditEntry, salt: str) -> AuditEntry:
    """The entry with its seal and its hash; ``previous_hash`` must be set."""
    entry = replace(entry, salt=salt, seal=_digest(f"{salt}:{entry.subject}"))
    return replace(entry, hash=_hash(entry))


def is_intact(entry: AuditEntry) -> bool:
    """Whether the entry says what it said when it was written."""
    names_its_subject = entry.subject is None or entry.seal == _digest(
        f"{entry.salt}:{entry.subject}"
    )
    return names_its_subject and entry.hash == _hash(entry)


def _hash(entry: AuditEntry) -> str:
    """Over canonical JSON: sorted keys, no spaces, UTF-8."""
    text = orjson.dumps(
        {
            "seq": entry.seq,
            "at": to_ms(entry.at),
            "who": entry.who,
            "action": entry.action,
            "details": dict(entry.details),
            "seal": entry.seal,
            "previous_hash": entry.previous_hash,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    return sha256(text).hexdigest()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
