"""The API's document says what the API does, and its page shows all of it."""

import re

import pytest
from openapi_spec_validator import validate
from support.openapi import Judge, document

from notify_server.domain.settings import CompatSettings, ServerSettings, Settings
from notify_server.rest.app import ROUTES
from notify_server.rest.operations import OPERATIONS
from notify_server.wire.describe import describe

JUDGE = Judge()
API = "/api/v1"


def test_openapi_table_has_one_row_per_route():
    routes = {(method, path) for method, path, _ in ROUTES}
    missing = sorted(routes - OPERATIONS.keys())
    assert not missing, (
        f"add a row to OPERATIONS in rest/operations.py (operators': operations_admin.py) for "
        f"{missing}; a new body goes to wire/schemas.py, a new answer to wire/shapes.py with a "
        f"sample in wire/samples.py"
    )
    stray = sorted(OPERATIONS.keys() - routes)
    assert not stray, f"rows without a route in rest/app.py: {stray}"


@pytest.mark.parametrize("base", ["", "/notify"])
def test_openapi_document_is_valid(base):
    made = document(Settings(server=ServerSettings(base_path=base)))
    validate(made)
    assert made["openapi"] == "3.1.0"
    assert made["servers"] == [{"url": base or "/"}]


def test_openapi_operation_ids_are_unique():
    ids = [op["operationId"] for item in JUDGE.document["paths"].values()
           for method, op in item.items() if method != "parameters"]  # fmt: skip
    assert len(ids) == len(set(ids)) == len(OPERATIONS)


def test_openapi_every_schema_is_used_and_every_answer_has_a_true_sample():
    schemas = JUDGE.document["components"]["schemas"]
    text = str({"paths": JUDGE.document["paths"], **JUDGE.document["components"]})
    assert [name for name in schemas if f"/schemas/{name}'" not in text] == []
    for name, schema in schemas.items():
        for sample in schema.get("examples", ()):
            JUDGE.check(name, sample)
    for operation in OPERATIONS.values():
        for name in set(operation.answers.values()) - {"", "text", "page", "Document"}:
            assert schemas[name].get("examples"), f"wire/samples.py has no sample of {name}"


@pytest.mark.parametrize(
    "row", [row for row in OPERATIONS.values() if row.body], ids=lambda row: row.summary
)
def test_openapi_example_of_each_body_fits_its_schema(row):
    if row.example is not None:
        JUDGE.check(row.body, dict(row.example))
    else:
        assert row.body_is_optional


async def test_openapi_real_answers_are_as_described(service):
    """Every field that is answered is described, and the other way round."""
    token = service.token("42", "ADMIN")
    example = dict(OPERATIONS["POST", f"{API}/notifications"].example)

    async def call(method, path, body=None, bearer=None, query="", **places):
        filled = re.sub(r"{(\w+)}", lambda place: places[place[1]], path)
        answer = await service.call(method, f"!{filled}{query}", body, bearer=bearer)
        assert answer.status < 300, answer
        JUDGE.check_answer(method, path, answer.status, answer.body)
        return answer.body

    sent = (await call("POST", f"{API}/notifications", example))["id"]
    one = f"{API}/notifications/{{id}}"
    bulk = dict(OPERATIONS["POST", f"{API}/notifications/bulk"].example)
    bulk["items"].append({"to": "42"})
    await call("POST", f"{API}/notifications/bulk", bulk)
    await call("GET", f"{API}/notifications", bearer=token)
    await call("GET", f"{API}/notifications/unread-count", bearer=token)
    await call("GET", one, bearer=token, id=sent)
    for method, path in OPERATIONS:
        if method == "POST" and path.startswith(f"{one}/") and not path.endswith("/cancel"):
            row = OPERATIONS[method, path]
            await call(method, path, row.example and dict(row.example), token, id=sent)
    for path in ("mark-all-read", "batch"):
        body = dict(OPERATIONS["POST", f"{API}/notifications/{path}"].example)
        await call("POST", f"{API}/notifications/{path}", body | {"ids": [sent, "other"]}
                   if path == "batch" else {}, token)  # fmt: skip
    await call("GET", f"{API}/subscriptions", bearer=token)
    await call("PUT", f"{API}/subscriptions", {"types": {"info": False}}, token)
    await call("PUT", one, dict(OPERATIONS["PUT", one].example), id=sent)
    await call("GET", f"{API}/admin/notifications/{{id}}", id=sent)
    await call("GET", f"{API}/admin/notifications")
    await call("POST", f"{API}/admin/notifications/{{id}}/resend", id=sent)
    await call("GET", f"{API}/admin/stats", query="?user=42")
    await call("GET", f"{API}/admin/presence", query="?user=42")
    await call("POST", f"{one}/cancel", id=sent)
    await call("DELETE", one, bearer=token, id=sent)
    await call("GET", f"{API}/admin/sessions")
    made = await call("POST", f"{API}/admin/api-keys", {"name": "x", "scopes": ["send"]})
    await call("GET", f"{API}/admin/api-keys")
    await call("POST", f"{API}/admin/api-keys/{{id}}/revoke", id=made["id"])
    await call("GET", f"{API}/admin/audit")
    await call("GET", f"{API}/admin/audit/verify")
    user = f"{API}/admin/users/{{user}}"
    await call("PUT", user, dict(OPERATIONS["PUT", user].example), user="42")
    await call("GET", user, user="42")
    await call("GET", f"{user}/export", user="42")
    await call("POST", f"{API}/admin/cleanup", {"dry_run": True})
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs"):
        await call("GET", path)


async def test_openapi_legacy_fields_are_described(make_service):
    service = await make_service(compat=CompatSettings(legacy_fields=True))
    sent = await service.submit("42")
    answer = await service.call("GET", f"/notifications/{sent}", bearer=service.token("42"))
    JUDGE.check("Notification", answer.body)
    assert answer.body["notification_type"] == "info"


async def test_openapi_refusals_are_as_described(service):
    path = f"{API}/notifications"
    for bearer, body, status in (("", {}, 401), (None, {}, 422), (service.token("7"), {}, 403)):
        answer = await service.call("POST", f"!{path}", body, bearer=bearer)
        assert answer.status == status
        JUDGE.check_answer("POST", path, status, answer.body)


async def test_openapi_is_served_under_the_base_path(make_service):
    service = await make_service(server=ServerSettings(base_path="/notify"))
    answer = await service.call("GET", "!/openapi.json", bearer="")
    assert answer.status == 200
    assert answer.body["servers"] == [{"url": "/notify"}]
    page = await service.call("GET", "!/docs/", bearer="")
    assert 'href="/notify/openapi.json"' in page.body
    assert "/notify/socket.io/" in page.body


async def test_docs_page_shows_every_call_event_and_code_and_loads_nothing(service):
    answer = await service.call("GET", "!/docs", bearer="")
    page, policy = answer.body, answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"<(script|link|img|iframe)|\bsrc=|style=|@import|url\(", page)
    for item in JUDGE.document["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                assert f'id="{operation["operationId"]}"' in page
    described = describe()
    for name in ("server_events", "client_events", "admin_events"):
        for event in described[name]:
            assert f"<code>{event['event']}</code>" in page
    for code in described["errors"]:
        assert f"<code>{code}</code>" in page
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))
    for command in re.findall(r"-d '(.*?)'</code>", page, re.DOTALL):
        assert "'" not in command
