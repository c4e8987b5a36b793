"""Believing tokens, as the edges see it."""

from typing import Protocol

from notify_server.domain.claims import Claims


class TokenReader(Protocol):
    """Turns a token into claims."""

    async def verify(self, token: object) -> Claims:
        """Believe a token or refuse it.

        Raises:
            RejectedError: TOKEN_MISSING, TOKEN_INVALID or TOKEN_EXPIRED.
            UnavailableError: The provider of the keys is away.
        """
