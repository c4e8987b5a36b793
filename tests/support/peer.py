"""A tiny HTTP server that answers as a test says, for what a real one seldom does."""

from contextlib import asynccontextmanager

from aiohttp import web

ACCEPTED = {"id": "0198c0de-0000-7000-8000-000000000001", "status": "accepted", "revision": 1}
UNAVAILABLE = {"code": "UNAVAILABLE", "detail": "Going down.", "status": 503, "errors": []}


class Peer:
    """``answers`` are used up one by one, the last one stays.

    Each is ``(status, JSON, headers)``, a function of the body that makes one, or None: the
    connection breaks. ``calls`` has what came, as (method, path, headers, body).
    """

    def __init__(self):
        self.url = ""
        self.answers = [(202, ACCEPTED, {})]
        self.calls = []
        self.pauses = []

    async def handle(self, request):
        if request.path == "/health/live":
            return web.json_response({"status": "ok"})
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.method, request.path_qs, dict(request.headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            request.transport.abort()
            return web.Response()
        if callable(answer):
            answer = answer(body)
        status, data, headers = answer
        return web.json_response(data, status=status, headers=headers)

    async def pause(self, seconds):
        self.pauses.append(seconds)


@asynccontextmanager
async def running_peer():
    """A peer on a free port."""
    made = Peer()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        yield made
    finally:
        await runner.cleanup()


def bulk(refuse):
    """A bulk answer: ``refuse`` maps an item's title to its error, or to nothing."""

    def answer(body):
        items = []
        for index, item in enumerate(body["items"]):
            error = refuse(item["title"])
            done = {"index": index, "status": "accepted", "id": f"id-{item['title']}"}
            items.append({"index": index, "error": error} if error else done)
        return 200, {"items": items}, {}

    return answer
