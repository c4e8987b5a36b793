"""What operators do with the line, by HTTP, by the line ``/admin`` or by a command."""

from notify_server.domain.operators import (
    Presence,
    Resent,
    Search,
    SearchPage,
    SessionInfo,
    Stats,
)
from notify_server.pipeline.cluster import Cluster
from notify_server.pipeline.figuring import Statistics
from notify_server.pipeline.resending import Resending
from notify_server.pipeline.searching import Searches


class Operators:
    """One face for them; whether the caller may is asked before, at the edge."""

    def __init__(
        self,
        searches: Searches,
        resending: Resending,
        statistics: Statistics,
        cluster: Cluster,
    ) -> None:
        self._searches = searches
        self._resending = resending
        self._statistics = statistics
        self._cluster = cluster

    async def search(self, query: Search) -> SearchPage:
        """Find notifications among all, newest first; see ``Searches.search``."""
        return await self._searches.search(query)

    async def resend(self, notification_id: str, after: str = "") -> Resent:
        """Push a notification again to whomever it has not reached; see ``Resending.resend``.

        Raises:
            NotFoundError: Unknown.
            ConflictError: CONFLICT when it is cancelled or expired.
        """
        return await self._resending.resend(notification_id, after)

    async def stats(self, user: str | None = None) -> Stats:
        """Figures of all nodes, and of a person if one is named."""
        return await self._statistics.stats(user)

    async def sessions(self, user: str | None = None, line: str | None = None) -> list[SessionInfo]:
        """Open sessions on all nodes, oldest first; of a user and of a line if given."""
        return await self._cluster.sessions(user, line)

    async def presence(self, user: str) -> Presence:
        """Whether a person is here, and by which sessions."""
        return await self._cluster.presence(user)

    async def kick(self, session_id: str) -> SessionInfo:
        """End a session for good, on whichever node it is; answers whose it was.

        Raises:
            NotFoundError: There is no such session.
        """
        return await self._cluster.kick(session_id)
