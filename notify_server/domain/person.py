"""A person as the line sees them at one moment: what is known, and what they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notify_server.domain.target import Audience, UserRecord, Watermark


@dataclass(frozen=True, slots=True)
class Person:
    """Facts about one user, read in bulk before anything is decided.

    Attributes:
        since: Each audience they belong to now, and from when on its notifications are theirs.
    """

    record: UserRecord
    since: Mapping[Audience, datetime]

    @property
    def id(self) -> str:
        """The user id."""
        return self.record.id

    def read_mark(self, line: str) -> Watermark | None:
        """The watermark of "mark all read" on a line."""
        return self.record.read_marks.get(line)
