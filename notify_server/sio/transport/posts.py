"""The body of a long-polling POST, whole or refused."""

from aiohttp import ClientError, web

from notify_server.sio.transport.packets import PacketError


async def read_post(request: web.Request, limit: int) -> bytes:
    """Read it however it is cut into segments (stock takes the first for all).

    Args:
        request: With or without a length.
        limit: Bytes that it may have.

    Raises:
        PacketError: It is larger, or its client went away in the middle.
    """
    if (request.content_length or 0) > limit:
        raise PacketError("too_large")
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise PacketError("too_large")
    except (ClientError, OSError, web.RequestPayloadError) as error:
        raise PacketError("malformed") from error
    if request.content_length is not None and len(body) < request.content_length:
        raise PacketError("malformed")
    return bytes(body)
