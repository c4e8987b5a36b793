"""The demo page and its session; only with ``--demo``."""

from pathlib import Path

from aiohttp import web

from notify_server.domain.errors import NotFoundError, RejectedError
from notify_server.rest.deps import DEPS, DemoAccess
from notify_server.rest.messages import answer, query_of
from notify_server.wire.fields import id_problem

_ROLES = 20
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>notify-server demo</title></head>
<body><h1>The demo page is not built</h1>
<p>Build it with Node 20 or later: <code>make pages</code>, then load this page again.</p>
<p>Without Node, a terminal shows the same: <code>notify-server listen</code></p>
</body></html>
"""


def _access(request: web.Request) -> DemoAccess:
    demo = request.app[DEPS].demo
    if demo is None:
        raise NotFoundError("There is no such path.")
    return demo


async def to_page(request: web.Request) -> web.Response:
    """``GET /demo``: to the page's folder, from which its assets are relative."""
    _access(request)
    base = request.app[DEPS].settings.server.base_path
    query = f"?{request.query_string}" if request.query_string else ""
    raise web.HTTPPermanentRedirect(f"{base}/demo/{query}")


async def page(request: web.Request) -> web.StreamResponse:
    """``GET /demo/`` and its files."""
    root = _access(request).pages.resolve()
    name = request.match_info.get("file") or "index.html"
    found = _file(root, name)
    if found is not None:
        return web.FileResponse(found)
    if name != "index.html":
        raise NotFoundError("There is no such path.")
    return web.Response(text=_NOT_BUILT, content_type="text/html")


def _file(root: Path, name: str) -> Path | None:
    """The file, unless the name leads out of the folder."""
    if "\x00" in name:
        return None
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


async def session(request: web.Request) -> web.Response:
    """``GET /demo/session?user=42&roles=A,B``: a token, a key and where to go with them."""
    demo = _access(request)
    settings = request.app[DEPS].settings
    query = query_of(request)
    user = query.get("user", "demo")
    roles = [role for role in query.get("roles", "").split(",") if role.strip()]
    for path, text in [("user", user), *(("roles", role) for role in roles)]:
        if problem := id_problem(text, settings.limits.id_chars):
            raise RejectedError.at(path, problem)
    if len(roles) > _ROLES:
        raise RejectedError.at("roles", f"must not be more than {_ROLES}")
    base = settings.server.base_path
    return answer(
        {
            "user": user,
            "token": demo.issue(user, roles),
            "api_key": demo.api_key,
            "socket_path": f"{base}/socket.io/",
            "api_url": f"{base}/api/v1",
        },
        headers={"Cache-Control": "no-store"},
    )
