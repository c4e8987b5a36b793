"""The OpenAPI 3.1 document, made of the table of operations and of the wire's schemas.

Called by ``GET /openapi.json``, by the page of ``/docs`` and by ``notify-server openapi``.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

from aiohttp import web

from notify_server import __version__
from notify_server.domain.settings import Settings
from notify_server.rest.docs_page import DOCS_POLICY, render
from notify_server.rest.messages import answer
from notify_server.rest.operation import Access, Operation
from notify_server.rest.operations import OPERATIONS
from notify_server.wire.describe import describe
from notify_server.wire.errors import PROBLEM_TYPE, ROWS
from notify_server.wire.samples import SAMPLES
from notify_server.wire.schemas import id_schema, query_parameters, request_schemas
from notify_server.wire.shapes import ANSWERS, ref
from notify_server.wire.shapes_operators import OPERATOR_ANSWERS

Document = dict[str, Any]

_PLACE = re.compile(r"{(\w+)}")
_TAGS: Mapping[str, str] = {
    "Sending": "For services and scripts: say what happened and who should know.",
    "Inbox": "For a person's page: their own list, what they did with it, what they want.",
    "Operating": "For operators: what became of it, who is there, who may come.",
    "People": "What is known of a person: shown, set, exported, erased.",
    "API keys": "The keys of the systems that send.",
    "Service": "For those who run it.",
}
_TEXT = """\
A self-hosted real-time notification server. Notifications are submitted here, arrive over Socket.IO
and stay in an inbox. A trailing slash never matters. Errors are problem documents (RFC 9457); bad
input is refused whole, with the path of each fault."""
_KEY_HEADER: Document = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Repeats of the call with the same key and body get the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x20-\x7e]+$"},
}
_REPLAY: Document = {
    "Idempotency-Replay": {
        "description": "`true`: this is the answer of an earlier call with this key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.SENDER: [{"apiKey": []}, {"token": []}],
    Access.PERSON: [{"token": []}],
    Access.READER: [{"apiKey": []}, {"token": []}],
    Access.OPERATOR: [{"apiKey": []}, {"token": []}],
}


def make_document(settings: Settings) -> Document:
    """The whole document.

    Args:
        settings: For sizes, and the prefix of every path.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "notify-server",
            "version": __version__,
            "description": _TEXT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.server.base_path or "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": _paths(settings),
        "components": {
            "schemas": _schemas(settings),
            "responses": dict(_refusals()),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (`nk_…`) with the scopes that the call names.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JWT with `sub`, `iat`, `exp` and, if any, `roles`.",
                },
            },
        },
    }


def _schemas(settings: Settings) -> Document:
    schemas = {**ANSWERS, **OPERATOR_ANSWERS, **request_schemas(settings.limits)}
    for name, sample in SAMPLES.items():
        schemas[name] = {**schemas[name], "examples": [sample]}
    return schemas


def _refusals() -> Iterable[tuple[str, Document]]:
    """One answer per status that a code has."""
    for status in sorted({row.http_status for row in ROWS.values()}):
        codes = [f"`{code}`: {row.title}." for code, row in ROWS.items()
                 if row.http_status == status]  # fmt: skip
        made: Document = {
            "description": " ".join(codes),
            "content": {PROBLEM_TYPE: {"schema": ref("Problem")}},
        }
        if status in {429, 503}:
            seconds = {"description": "Seconds to wait.", "schema": {"type": "string"}}
            made["headers"] = {"Retry-After": seconds}
        yield f"Problem{status}", made


def _paths(settings: Settings) -> Document:
    paths: Document = {}
    for (method, path), operation in OPERATIONS.items():
        item = paths.setdefault(path, {})
        if places := _PLACE.findall(path):
            item["parameters"] = [
                {"name": name, "in": "path", "required": True,
                 "schema": id_schema(settings.limits.id_chars)}
                for name in places
            ]  # fmt: skip
        item[method.lower()] = _operation(method, path, operation)
    return paths


def _operation(method: str, path: str, operation: Operation) -> Document:
    made: Document = {
        "operationId": _operation_id(method, path),
        "summary": operation.summary,
        "tags": [operation.tag],
        "description": f"{operation.text}\n\n{operation.access}".strip(),
        "security": _SECURITY[operation.access],
        "responses": _answers(path, operation),
    }
    parameters = list(query_parameters(operation.query)) if operation.query else []
    for parameter in parameters:
        if parameter["name"] in operation.samples:
            parameter["example"] = operation.samples[parameter["name"]]
    if operation.keyed:
        parameters.append(_KEY_HEADER)
    if parameters:
        made["parameters"] = parameters
    if operation.body:
        schema = ref(operation.body)
        if operation.body_is_optional:
            schema = {"oneOf": [schema, {"type": "null"}]}
        content: Document = {"schema": schema}
        if operation.example is not None:
            content["example"] = dict(operation.example)
        made["requestBody"] = {
            "required": not operation.body_is_optional,
            "content": {"application/json": content},
        }
    return made


def _operation_id(method: str, path: str) -> str:
    """``post_notifications_id_cancel``."""
    words = re.sub(r"[{}]", "", path.removeprefix("/api/v1")).strip("/")
    return f"{method.lower()}_{re.sub(r'[^a-zA-Z]+', '_', words)}"


def _answers(path: str, operation: Operation) -> Document:
    answers: Document = {}
    for status, body in operation.answers.items():
        answers[str(status)] = _answer(status, body)
        if operation.keyed:
            answers[str(status)]["headers"] = _REPLAY
    for status in sorted(_refused_with(path, operation) - operation.answers.keys()):
        answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return answers


def _answer(status: int, body: str) -> Document:
    made: Document = {"description": HTTPStatus(status).phrase}
    match body:
        case "":
            return made
        case "text":
            made["content"] = {"text/plain": {"schema": {"type": "string"}}}
        case "page":
            made["content"] = {"text/html": {"schema": {"type": "string"}}}
        case "Document":
            made["content"] = {"application/json": {"schema": {"type": "object"}}}
        case _:
            made["content"] = {"application/json": {"schema": ref(body)}}
    return made


def _refused_with(path: str, operation: Operation) -> set[int]:
    """What follows from the shape of a call, and what its row adds."""
    refused = set(operation.refusals)
    if operation.access is not Access.ANYONE:
        refused |= {401, 403, 503}
    if "{" in path:
        refused |= {404, 422}
    if operation.query is not None:
        refused.add(422)
    if operation.keyed:
        refused.add(400)
    if operation.body:
        refused |= {400, 413, 415, 422}
    return refused


class ApiPages:
    """The document and its page; made when first asked for, then kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def document(self) -> Document:
        """The OpenAPI document."""
        return make_document(self._settings)

    @cached_property
    def page(self) -> str:
        """The page for people."""
        socket_path = f"{self._settings.server.base_path}/socket.io/"
        return render(self.document, describe(), socket_path)


API_PAGES: web.AppKey[ApiPages] = web.AppKey("api_pages", ApiPages)


async def openapi(request: web.Request) -> web.Response:
    """``GET /openapi.json``."""
    return answer(request.app[API_PAGES].document)


async def docs(request: web.Request) -> web.Response:
    """``GET /docs``."""
    headers = {"Content-Security-Policy": DOCS_POLICY}
    page = request.app[API_PAGES].page
    return web.Response(text=page, content_type="text/html", charset="utf-8", headers=headers)
