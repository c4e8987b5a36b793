"""API keys as the operator's calls and ``notify-server api-key`` show them."""

from typing import Any

from marshmallow import ValidationError, fields
from typing_extensions import override

from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.errors import Code, RejectedError
from notify_server.kit.clock import to_rfc3339
from notify_server.wire.fields import Label, ListOf, StrictSchema, load

NAME_CHARS = 128


class ScopeField(fields.Field[Any]):
    """The name of one scope."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or value not in Scope.__members__.values():
            raise ValidationError(f"must be one of {', '.join(Scope)}")
        return Scope(value)


class NewKeySchema(StrictSchema):
    """What a new key is called, and what it may do."""

    name = Label(NAME_CHARS, required=True)
    scopes = ListOf(ScopeField(), len(Scope), 1, required=True)


_NEW_KEY = NewKeySchema()


def parse_new_key(raw: object) -> tuple[str, frozenset[Scope]]:
    """Read name and scopes.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(_NEW_KEY, raw)
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return values["name"], frozenset(values["scopes"])


def key_to_wire(key: ApiKey) -> dict[str, object]:
    """Everything but the key, of which only a hash is kept."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": to_rfc3339(key.created_at),
        "revoked_at": None if key.revoked_at is None else to_rfc3339(key.revoked_at),
    }
