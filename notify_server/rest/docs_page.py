"""``/docs`` as HTML, rendered from the OpenAPI document and from the description of the wire.

Plain text and one style sheet: no script, nothing from outside, readable in print and by machines.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from notify_server.rest.docs_style import STYLE

Described = Mapping[str, Any]

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
DOCS_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The page may do nothing but be read."""

_CODE = re.compile(r"`([^`]+)`")
_LINE = 76
_FEW = 6
_METHODS = ("get", "post", "put", "patch", "delete")
_CONNECT = """\
import { io } from "socket.io-client";
const auth = { token, ack: true, cursor };
const socket = io("https://notify.example.com", { path: "PATH", auth });
socket.on("notification", ({ notification }, ack) => { show(notification); ack(); });
socket.on("notification_count", ({ count, cursor }) => { setBadge(count); keep(cursor); });
const answer = await socket.emitWithAck("mark_read", { notification_id });"""


def render(document: Described, wire: Described, socket_path: str) -> str:
    """The page.

    Args:
        document: The OpenAPI document.
        wire: What ``wire.describe`` says: events, errors.
        socket_path: Where Socket.IO answers.
    """
    tags = [tag for tag in document["tags"] if _calls(document, tag["name"])]
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}: the API</title><style>{STYLE}</style></head><body>",
        _navigation(document, tags, wire),
        f'<main id="top"><h1>{escape(info["title"])}</h1>',
        f'<p class="lead">Version {escape(info["version"])}. {_text(info["description"])}</p>',
        _start(document),
    ]
    for tag in tags:
        parts.append(f'<section id="{_slug(tag["name"])}"><h2>{escape(tag["name"])}</h2>')
        parts.append(f'<p class="lead">{_text(tag["description"])}</p>')
        parts += [_call(document, *call) for call in _calls(document, tag["name"])]
        parts.append("</section>")
    parts += [_socket(wire, socket_path), _errors(wire["errors"]), "</main></body></html>\n"]
    return "".join(parts)


def _calls(document: Described, tag: str) -> list[tuple[str, str, Described]]:
    """Method, path and operation of each call under a heading."""
    return [
        (method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item and tag in item[method]["tags"]
    ]


def _navigation(document: Described, tags: Iterable[Described], wire: Described) -> str:
    groups = [
        (tag["name"], [(o["operationId"], o["summary"])
                       for _, _, o in _calls(document, tag["name"])])
        for tag in tags
    ]  # fmt: skip
    groups.append(("Socket.IO", [("socket", "Connecting"), ("server-events", "Server to client"),
                                 ("client-events", "Client to server"),
                                 ("admin-events", "On the line /admin")]))  # fmt: skip
    groups.append(("Errors", [("errors", f"{len(wire['errors'])} codes")]))
    lists = "".join(
        f"<h2>{escape(name)}</h2><ul>"
        + "".join(f'<li><a href="#{anchor}">{escape(words)}</a></li>' for anchor, words in links)
        + "</ul>"
        for name, links in groups
    )
    base = escape(document["servers"][0]["url"].rstrip("/"))
    return (
        '<nav aria-label="Contents"><strong><a href="#top">notify-server</a></strong>'
        f'<small><a href="{base}/openapi.json">openapi.json</a></small>{lists}</nav>'
    )


def _start(document: Described) -> str:
    base = document["servers"][0]["url"].rstrip("/")
    shell = (
        f"export NOTIFY_URL=http://127.0.0.1:8080{base}\n"
        "export NOTIFY_API_KEY=nk_…    # notify-server api-key create --name me --scope send\n"
        "export TOKEN=$(notify-server token --user 42)"
    )
    return (
        "<p>Every call below shows a command to paste. Systems that send use an API key; a "
        f"person's page uses their token. Both go into <code>Authorization: Bearer</code>.</p>"
        f"{_pre(shell)}"
    )


def _call(document: Described, method: str, path: str, operation: Described) -> str:
    text, _, access = operation["description"].rpartition("\n\n")
    body = _body(document, operation)
    return "".join(
        [
            f'<article id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>',
            f'<div class="call"><span class="method {method}">{method.upper()}</span>',
            f"<code>{escape(path)}</code></div>",
            f"<p>{_text(text)}</p>" if text else "",
            f'<p class="access">{_text(access)}</p>' if operation["security"] else "",
            _pre(_curl(document, method, path, operation)),
            _parameters(operation.get("parameters", ())),
            body,
            _answers(document, operation),
            "</article>",
        ]
    )


def _curl(document: Described, method: str, path: str, operation: Described) -> str:
    """The call as a command for a shell."""
    sample = {"id": "$ID", "user": "42", "room": "task_123", "sid": "$SID"}
    filled = re.sub(r"{(\w+)}", lambda place: sample.get(place[1], "$" + place[1].upper()), path)
    query = "&".join(
        f"{p['name']}={p['example']}" for p in operation.get("parameters", ()) if "example" in p
    )
    url = f'"$NOTIFY_URL{filled}{"?" + query if query else ""}"'
    lines = [f"curl {url}" if method == "get" else f"curl -X {method.upper()} {url}"]
    if operation["security"]:
        is_person = all("token" in need for need in operation["security"])
        lines.append(f'-H "Authorization: Bearer ${"TOKEN" if is_person else "NOTIFY_API_KEY"}"')
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in content:
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{_json(content['example'])}'")
    return " \\\n  ".join(lines)


def _parameters(parameters: Iterable[Described]) -> str:
    rows = [
        (f"<code>{escape(p['name'])}</code>", escape(p["in"]), escape(_kind(p["schema"])))
        for p in parameters
    ]
    return _table("Parameters", ("name", "in", "type"), rows)


def _body(document: Described, operation: Described) -> str:
    if "requestBody" not in operation:
        return ""
    given = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = _find(document, given["oneOf"][0] if "oneOf" in given else given)
    required = schema.get("required", ())
    rows = [
        (
            f"<code>{escape(name)}</code>",
            "yes" if name in required else "",
            escape(_kind(shape)) + (f" {_text(shape['description'])}" if "description" in shape
                                    else ""),
        )
        for name, shape in schema.get("properties", {}).items()
    ]  # fmt: skip
    inner = _table("", ("field", "required", "type"), rows)
    words = "1 field" if len(rows) == 1 else f"{len(rows)} fields"
    return f"<details><summary>Body: {words}</summary>{inner}</details>" if rows else ""


def _answers(document: Described, operation: Described) -> str:
    parts = ["<h4>Answers</h4>"]
    refused = []
    for status, given in operation["responses"].items():
        if "$ref" in given:
            refused.append(f'<span class="status">{status}</span>')
            continue
        title = f'<span class="status">{status}</span> {escape(given["description"])}'
        schema = given.get("content", {}).get("application/json", {}).get("schema", {})
        samples = _find(document, schema).get("examples", ())
        if samples:
            parts.append(f"<details><summary>{title}</summary>{_pre(_json(samples[0]))}</details>")
        else:
            parts.append(f"<p>{title}</p>")
    if refused:
        parts.append(f'<p class="access">Refusals: {", ".join(refused)} '
                     '(<a href="#errors">problem documents</a>)</p>')  # fmt: skip
    return "".join(parts)


def _socket(wire: Described, path: str) -> str:
    snippet = _CONNECT.replace("PATH", path)
    parts = [
        '<section id="socket"><h2>Socket.IO</h2><p class="lead">Protocol v5 at '
        f"<code>{escape(path)}</code>, WebSocket and long-polling; any stock client. "
        "<code>ack: true</code> promises to call the acknowledgement of every notification. "
        "Drop what you hold in the same revision and <code>sort_at</code>.</p>",
        _pre(snippet),
        '<h2 id="server-events">Server to client</h2>',
    ]
    for event in wire["server_events"]:
        example = _pre(_json(event["example"]))
        parts.append(
            f"<article><h3><code>{escape(event['event'])}</code></h3>"
            f"<p>{_text(event['when'])}</p><details><summary>Payload</summary>{example}</details>"
            "</article>"
        )
    parts.append('<h2 id="client-events">Client to server</h2><p class="lead">Each is answered '
                 "through its acknowledgement with <code>ok</code>.</p>")  # fmt: skip
    parts += map(_client_event, wire["client_events"])
    parts.append('<h2 id="admin-events">On the line /admin</h2><p class="lead">For sessions with '
                 "the role ADMIN, beside all of the above.</p>")  # fmt: skip
    parts += map(_client_event, wire["admin_events"])
    return "".join([*parts, "</section>"])


def _client_event(event: Described) -> str:
    rows = [
        (f"<code>{escape(name)}</code>", "yes" if f["required"] else "", escape(f["type"]))
        for name, f in event["fields"].items()
    ]
    table = _table("", ("field", "required", "type"), rows)
    if len(rows) > _FEW:
        table = f"<details><summary>{len(rows)} fields</summary>{table}</details>"
    return (
        f"<article><h3><code>{escape(event['event'])}</code></h3>"
        f"{_pre(_json(event['example']))}{table}</article>"
    )


def _errors(errors: Described) -> str:
    rows = [
        (f"<code>{escape(code)}</code>", str(row["http_status"]),
         "yes" if row["retryable"] else "no", escape(row["title"]))
        for code, row in errors.items()
    ]  # fmt: skip
    table = _table("", ("code", "HTTP", "again later", "means"), rows)
    return (
        '<section id="errors"><h2>Errors</h2><p class="lead">One table for HTTP, Socket.IO and '
        f"the command line.</p>{table}</section>"
    )


# Small parts


def _table(title: str, head: Iterable[str], rows: Sequence[tuple[str, ...]]) -> str:
    """``rows``: cells as HTML."""
    if not rows:
        return ""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    heading = f"<h4>{escape(title)}</h4>" if title else ""
    return (
        f'{heading}<div class="table"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(shape: Described) -> str:
    """A type in a few words."""
    if "const" in shape:
        return json.dumps(shape["const"])
    if "enum" in shape:
        return " | ".join(json.dumps(v) if not isinstance(v, str) else v for v in shape["enum"])
    kinds = shape.get("type", "any")
    words = kinds if isinstance(kinds, str) else " or ".join(kinds)
    words = f"{words} of {_kind(shape['items'])}" if "items" in shape else words
    for key, unit in (("maxLength", "characters"), ("maxItems", "items")):
        if key in shape:
            words += f", at most {shape[key]:,} {unit}"
    if "minimum" in shape and "maximum" in shape:
        words += f", {shape['minimum']:,} to {shape['maximum']:,}"
    return words + (f" ({shape['format']})" if "format" in shape else "")


def _find(document: Described, schema: Described) -> Described:
    """What a reference leads to."""
    if "$ref" not in schema:
        return schema
    found: Described = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _text(text: str) -> str:
    """Words with `code` in them."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def _json(value: Any, indent: int = 0) -> str:
    """JSON in which whatever fits on a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + len(flat) <= _LINE or not isinstance(value, dict | list):
        return flat
    inner = indent + 2
    if isinstance(value, dict):
        members = [f"{json.dumps(key)}: {_json(item, inner)}" for key, item in value.items()]
    else:
        members = [_json(item, inner) for item in value]
    pad = "\n" + " " * inner
    body = f",{pad}".join(members)
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}{pad}{body}\n{' ' * indent}{last}"


def _pre(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text, quote=False)}</code></pre>'


def _slug(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower())
