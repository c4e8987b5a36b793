"""What both clients send, spelt once: ``R`` is a result, or a coroutine that ends with it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, Unpack

from notify_server.client.body import Details, To, build_body, key_of, role

R = TypeVar("R")


class Sending(ABC, Generic[R]):
    """The calls that end with a ``Sent``."""

    @abstractmethod
    def _submit(self, body: Mapping[str, Any], key: str) -> R:
        """Send a body, again and again with this key while that may help."""

    def send(
        self, to: To, title: str, message: str, *, type: str = "info", **details: Unpack[Details]
    ) -> R:
        """Send one notification.

        A call that fails for the moment is made again with the same idempotency key, so it is
        there once.

        Args:
            to: A user id, ``role("ADMIN")``, ``room("task_1")``, ``EVERYONE``, or a list of them.
            title: At most 255 characters.
            message: At most 4,096 characters.
            type: A registered one; its priority holds when none is given.
            **details: See ``Details``.

        Raises:
            ClientError: The server's refusal, or that none answers.
        """
        return self._send(type, to, title, message, details)

    def send_user_message(
        self, user: str, message: str, *, title: str = "Message", **details: Unpack[Details]
    ) -> R:
        """Tell one person something; see ``send``."""
        return self._send("info", user, title, message, details)

    def send_system_alert(
        self,
        message: str,
        *,
        title: str = "System alert",
        to: To | None = None,
        **details: Unpack[Details],
    ) -> R:
        """Alert those who run things: the role ADMIN, unless ``to`` names others; see ``send``."""
        return self._send("alert", role("ADMIN") if to is None else to, title, message, details)

    def _send(self, type: str, to: To, title: str, message: str, details: Details) -> R:
        content = {"title": title, "message": message, "type": type}
        return self._submit(build_body(to, content, details), key_of(details))
