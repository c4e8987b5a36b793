"""Whom a submission is for, as callers spell it. Called by ``wire/submission.py``."""

from collections.abc import Callable
from dataclasses import dataclass, field

from notify_server.domain.errors import Fault
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.domain.target import EVERYONE, USER_LINE, Audience, AudienceKind, Targets
from notify_server.wire.fields import id_problem
from notify_server.wire.json import path_key

ADMIN_LINE = "/admin"
_KINDS = ("user", "role", "room", "namespace", "all")
_EMPTY_LIST = "must name at least one target"


@dataclass(slots=True)
class _Collected:
    """What was understood so far, and what was not."""

    limits: LimitSettings
    namespaces: NamespaceSettings
    users: list[str] = field(default_factory=list)
    audiences: list[Audience] = field(default_factory=list)
    line: str = USER_LINE
    line_path: str = ""
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))


def parse_targets(
    to: object,
    exclude: object,
    limits: LimitSettings,
    namespaces: NamespaceSettings,
    path: Callable[[str], str],
) -> tuple[Targets, str, list[Fault]]:
    """Read ``to`` and ``exclude``.

    Args:
        to: One target or a list of them.
        exclude: A list of user ids, or None.
        path: Makes the full path of a field.

    Returns:
        The targets as asked for, their line, and the faults.
    """
    found = _Collected(limits, namespaces)
    entries = to if isinstance(to, list) else [to]
    if isinstance(to, list) and not to:
        found.refuse(path("to"), _EMPTY_LIST)
    elif len(entries) > limits.targets:
        found.refuse(path("to"), f"must not name more than {limits.targets} targets")
    else:
        for index, entry in enumerate(entries):
            at = path(f"to[{index}]") if isinstance(to, list) else path("to")
            _target(found, entry, at)
    if found.line_path and len(entries) > 1:
        found.refuse(found.line_path, "a namespace must be the only target")
    excluded = _excluded(found, exclude, path)
    targets = Targets(tuple(found.users), tuple(found.audiences), excluded)
    return targets, found.line, found.faults


def _target(found: _Collected, entry: object, at: str) -> None:
    if isinstance(entry, str):
        _named(found, "user", entry, at)
    elif not isinstance(entry, dict):
        found.refuse(at, "must be a user id or an object like {'role': 'ADMIN'}")
    elif unknown := [key for key in entry if key not in _KINDS]:
        found.refuse(path_key(at, unknown[0]), f"must be one of {', '.join(_KINDS)}")
    elif len(entry) != 1:
        found.refuse(at, f"must name exactly one of {', '.join(_KINDS)}")
    else:
        kind, name = next(iter(entry.items()))
        _named(found, kind, name, f"{at}.{kind}")


def _named(found: _Collected, kind: str, name: object, at: str) -> None:
    if kind == "all":
        if name is True:
            found.audiences.append(EVERYONE)
        else:
            found.refuse(at, "must be true")
        return
    if problem := id_problem(name, found.limits.id_chars):
        found.refuse(at, problem)
        return
    text = str(name)
    if kind == "user":
        found.users.append(text)
    elif kind == "namespace":
        _line(found, text, at)
    else:
        found.audiences.append(Audience(AudienceKind(kind), text))


def _line(found: _Collected, name: str, at: str) -> None:
    line = resolve_line(name, found.namespaces)
    if line is None:
        found.refuse(at, "there is no such namespace")
    elif line == USER_LINE:
        found.audiences.append(EVERYONE)
    else:
        found.line, found.line_path = line, at.removesuffix(".namespace")
        found.audiences.append(Audience(AudienceKind.LINE, line))


def resolve_line(name: str, namespaces: NamespaceSettings) -> str | None:
    """The line behind a namespace or an alias; None: there is none."""
    if name == USER_LINE or name in namespaces.user:
        return USER_LINE
    return name if name == ADMIN_LINE or name in namespaces.lines else None


def _excluded(found: _Collected, exclude: object, path: Callable[[str], str]) -> tuple[str, ...]:
    if exclude is None:
        return ()
    if not isinstance(exclude, list):
        found.refuse(path("exclude"), "must be a list of user ids")
        return ()
    if len(exclude) > found.limits.targets:
        found.refuse(path("exclude"), f"must not name more than {found.limits.targets} users")
        return ()
    for index, user in enumerate(exclude):
        if problem := id_problem(user, found.limits.id_chars):
            found.refuse(path(f"exclude[{index}]"), problem)
    return tuple(user for user in exclude if isinstance(user, str))
