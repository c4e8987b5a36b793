"""One call of the API as its document describes it; the tables of them are ``operations*.py``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from marshmallow import Schema

API = "/api/v1"
ONE = f"{API}/notifications/{{id}}"
ADMIN = f"{API}/admin"


class Access(StrEnum):
    """Who may call."""

    ANYONE = "Anyone."
    SENDER = (
        "An API key with scope `send` (`broadcast` for roles, namespaces and all), or a token "
        "with one of `send_roles`."
    )
    PERSON = "A person's token; it opens their own inbox only."
    READER = "An API key with scope `read` or `admin`, or a token with the role ADMIN."
    OPERATOR = "An API key with scope `admin`, or a token with the role ADMIN."


@dataclass(frozen=True, slots=True)
class Operation:
    """One call.

    Attributes:
        tag: Under which heading it stands.
        answers: Status to the name of the schema of its body; empty for no body, ``text`` for text.
        body: Name of the schema of what is taken; empty for nothing.
        query: What may stand in the query string.
        example: What is sent.
        refusals: Statuses of refusals besides those that follow from the rest.
        keyed: It takes ``Idempotency-Key``.
        samples: A value for some of ``query``'s names, shown in the example.
    """

    summary: str
    tag: str
    access: Access
    answers: Mapping[int, str]
    text: str = ""
    body: str = ""
    body_is_optional: bool = False
    query: Schema | type[Schema] | None = None
    example: Mapping[str, object] | None = None
    refusals: tuple[int, ...] = ()
    keyed: bool = False
    samples: Mapping[str, str] = field(default_factory=dict)


Rows = Mapping[tuple[str, str], Operation]
