"""How the engine reads a request of aiohttp's."""

from typing import Any

from aiohttp import web
from engineio.async_drivers import aiohttp as stock


def translate_request(request: web.Request) -> dict[str, Any]:
    """The stock environment, with the address of the real peer (stock says 127.0.0.1)."""
    environ: dict[str, Any] = stock.translate_request(request)
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if isinstance(peer, tuple):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = str(peer[0]), str(peer[1])
    else:
        environ["REMOTE_ADDR"] = request.remote or ""
    return environ


def pack(environ: dict[str, Any]) -> str:
    """What of an environment is text, in one piece: the little that stays of it."""
    return "\n".join(f"{name}\0{value}" for name, value in environ.items() if type(value) is str)


def unpack(packed: str) -> dict[str, Any]:
    """The texts of an environment."""
    return dict(line.split("\0", 1) for line in packed.split("\n"))


def create_route(app: web.Application, engine: Any, path: str) -> None:
    """Answer every method: the protocol has its own word for those that it does not know."""
    app.router.add_route("*", path, engine.handle_request)


# Stock asks for a websocket class only to know whether there is one.
DRIVER = {
    **stock._async,  # noqa: SLF001 - the driver's only name
    "create_route": create_route,
    "translate_request": translate_request,
}
