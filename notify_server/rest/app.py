"""Every route in one table, and the application made of them. Called by ``app/``."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from notify_server.rest import (
    admin,
    api_keys,
    audit,
    cleanup,
    demo,
    inbox,
    metrics,
    openapi,
    operators,
    service,
    submissions,
    users,
)
from notify_server.rest.deps import DEPS, RestDeps
from notify_server.rest.guard import add_headers, guard

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_API = "/api/v1"
_ONE = f"{_API}/notifications/{{id}}"
_ADMIN = f"{_API}/admin"

ROUTES: tuple[tuple[str, str, _Handler], ...] = (
    ("POST", f"{_API}/notifications", submissions.submit),
    ("POST", f"{_API}/notifications/bulk", submissions.submit_many),
    ("GET", f"{_API}/notifications", inbox.listing),
    ("GET", f"{_API}/notifications/unread-count", inbox.unread_count),
    ("POST", f"{_API}/notifications/mark-all-read", inbox.mark_all_read),
    ("POST", f"{_API}/notifications/batch", inbox.batch),
    ("GET", _ONE, inbox.single),
    ("PUT", _ONE, submissions.replace),
    ("DELETE", _ONE, inbox.delete),
    ("POST", f"{_ONE}/cancel", submissions.cancel),
    *(("POST", f"{_ONE}/{name}", inbox.verb(action)) for name, action in inbox.VERBS.items()),
    ("GET", f"{_API}/subscriptions", inbox.get_subscriptions),
    ("PUT", f"{_API}/subscriptions", inbox.put_subscriptions),
    ("GET", f"{_ADMIN}/notifications", operators.search),
    ("GET", f"{_ADMIN}/notifications/{{id}}", admin.explain),
    ("POST", f"{_ADMIN}/notifications/{{id}}/resend", operators.resend),
    ("GET", f"{_ADMIN}/users/{{user}}", users.show),
    ("PUT", f"{_ADMIN}/users/{{user}}", users.put),
    ("DELETE", f"{_ADMIN}/users/{{user}}", users.erase),
    ("GET", f"{_ADMIN}/users/{{user}}/export", users.export),
    ("POST", f"{_ADMIN}/users/{{user}}/revoke", admin.revoke),
    ("PUT", f"{_ADMIN}/rooms/{{room}}/members/{{user}}", admin.add_member),
    ("DELETE", f"{_ADMIN}/rooms/{{room}}/members/{{user}}", admin.remove_member),
    ("GET", f"{_ADMIN}/audit", audit.listing),
    ("GET", f"{_ADMIN}/audit/verify", audit.verify),
    ("POST", f"{_ADMIN}/cleanup", cleanup.clean_up),
    ("GET", f"{_ADMIN}/sessions", operators.sessions),
    ("DELETE", f"{_ADMIN}/sessions/{{sid}}", operators.close_session),
    ("GET", f"{_ADMIN}/presence", operators.presence),
    ("GET", f"{_ADMIN}/stats", operators.stats),
    ("POST", f"{_ADMIN}/api-keys", api_keys.create),
    ("GET", f"{_ADMIN}/api-keys", api_keys.listing),
    ("POST", f"{_ADMIN}/api-keys/{{id}}/revoke", api_keys.revoke),
    ("GET", "/health/live", service.live),
    ("GET", "/health/ready", service.ready),
    ("GET", "/metrics", metrics.metrics),
    ("GET", "/openapi.json", openapi.openapi),
    ("GET", "/docs", openapi.docs),
)

RESERVED: tuple[tuple[str, str], ...] = (
    ("*", f"{_API}/preferences"),
    ("*", f"{_API}/devices"),
    ("*", f"{_API}/devices/{{id}}"),
    ("GET", f"{_API}/push/public-key"),
    ("*", f"{_ADMIN}/templates"),
    ("*", f"{_ADMIN}/campaigns"),
    ("*", f"{_ADMIN}/analytics"),
)
"""Names of later capabilities: answered with NOT_AVAILABLE."""


def make_app(deps: RestDeps) -> web.Application:
    """Build the HTTP side; the Socket.IO transport adds its own path to it."""
    app = web.Application(middlewares=[guard], client_max_size=deps.settings.limits.bulk_bytes)
    app[DEPS] = deps
    app[openapi.API_PAGES] = openapi.ApiPages(deps.settings)
    base = deps.settings.server.base_path
    for method, path, handler in ROUTES:
        _add(app, method, base + path, handler)
    for method, path in RESERVED:
        _add(app, method, base + path, service.not_available)
    if deps.demo is not None:
        app.router.add_get(f"{base}/demo", demo.to_page)
        _add(app, "GET", f"{base}/demo/session", demo.session)
        app.router.add_get(f"{base}/demo/{{file:.*}}", demo.page)
    app.on_response_prepare.append(add_headers)
    return app


def _add(app: web.Application, method: str, path: str, handler: _Handler) -> None:
    """Add a route with and without a trailing slash; what can be got has a head."""
    for spelling in (path, f"{path}/"):
        if method == "GET":
            app.router.add_get(spelling, handler)
        else:
            app.router.add_route(method, spelling, handler)
