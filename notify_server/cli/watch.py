"""What becomes of one notification, person by person, as it happens: ``send --watch``."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from notify_server.client import AsyncClient
from notify_server.client.asynchronous import Pause

_FINAL = frozenset({"delivered", "failed", "expired", "cancelled"})
_EVERY_S = 0.5


async def watch(
    api: AsyncClient,
    notification_id: str,
    show: Callable[[Mapping[str, Any]], None],
    pause: Pause = asyncio.sleep,
) -> None:
    """Show each recipient whenever their state changes, until every known one is final.

    An audience is known person by person, as its members confirm; with nobody known yet it goes on.

    Raises:
        NotifyError: The server refuses, or stays away.
    """
    shown: dict[str, str] = {}
    while True:
        recipients = await _recipients(api, notification_id)
        for one in recipients:
            user, status = str(one.get("user")), str(one.get("status"))
            if shown.get(user) != status:
                shown[user] = status
                show(one)
        if recipients and all(one.get("status") in _FINAL for one in recipients):
            return
        await pause(_EVERY_S)


async def _recipients(api: AsyncClient, notification_id: str) -> list[dict[str, Any]]:
    """Everybody who is known, page by page."""
    found: list[dict[str, Any]] = []
    path, after = f"/api/v1/admin/notifications/{notification_id}", ""
    while True:
        page = (await api.call_surely("GET", path + after))["recipients"]
        found += page["items"]
        if not page["page_info"]["has_more"]:
            return found
        after = f"?after={quote(page['page_info']['after'], safe='')}"
