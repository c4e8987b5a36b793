"""From a draft of good shape to a decided submission: who, for how long, and what is left out."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

import orjson

from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import (
    ChannelName,
    ChannelNote,
    Draft,
    IdempotencyKey,
    Submission,
)
from notify_server.domain.reasons import Reason
from notify_server.domain.settings import Settings
from notify_server.domain.target import AudienceKind, Targets

_NEEDS_BROADCAST = frozenset({AudienceKind.ROLE, AudienceKind.LINE, AudienceKind.ALL})


def decide_submission(
    caller: Caller, draft: Draft, route: str, key: str | None, settings: Settings
) -> Submission:
    """Decide a draft for storing.

    Args:
        route: Part of the idempotency key's scope, such as ``POST /api/v1/notifications``.
        key: The caller's idempotency key.

    Raises:
        RejectedError: FORBIDDEN without the scope; NOBODY_LEFT when exclusions leave no target.
    """
    targets = _settle_targets(draft.targets)
    _check_scopes(caller, targets)
    rule = settings.retry.rules[draft.content.priority]
    collapse_key = draft.content.collapse_key
    return Submission(
        targets=targets,
        content=draft.content,
        submitter=caller.name,
        waits=timedelta(seconds=rule.waits_s),
        line=draft.line,
        collapse_scope=(
            _collapse_scope(caller, collapse_key, draft.line, targets) if collapse_key else None
        ),
        idempotency=(
            IdempotencyKey(_key_scope(caller, route, key), draft.body_hash) if key else None
        ),
        channel_notes=_notes(rule.fallback) if settings.fallback.enabled else (),
    )


def _settle_targets(asked: Targets) -> Targets:
    """Remove doubles and the excluded; a notification for all needs no other target."""
    exclude = frozenset(asked.exclude)
    users = tuple(sorted(frozenset(asked.users) - exclude))
    audiences = tuple(sorted(frozenset(asked.audiences)))
    if not users and not audiences:
        raise RejectedError.at("to", "nobody is left after the exclusions", Code.NOBODY_LEFT)
    return Targets(users, audiences, tuple(sorted(exclude)))


def _check_scopes(caller: Caller, targets: Targets) -> None:
    needed = {Scope.SEND}
    if any(audience.kind in _NEEDS_BROADCAST for audience in targets.audiences):
        needed.add(Scope.BROADCAST)
    for scope in sorted(needed):
        if not caller.may(scope):
            raise RejectedError(Code.FORBIDDEN, f"This needs the scope '{scope}'.")


def _key_scope(caller: Caller, route: str, key: str) -> str:
    """A list, so that no two calls have the same one whatever a user id or a key contains."""
    return orjson.dumps([caller.name, route, key]).decode()


def _collapse_scope(caller: Caller, collapse_key: str, line: str, targets: Targets) -> str:
    parts = [
        caller.name, collapse_key, line,
        targets.users, [audience.key for audience in targets.audiences], targets.exclude,
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _notes(fallback: Iterable[ChannelName]) -> tuple[ChannelNote, ...]:
    """No other channel exists in this version; said once, on the notification."""
    return tuple(ChannelNote(channel, Reason.NO_CHANNEL) for channel in fallback)
