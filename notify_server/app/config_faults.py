"""What is wrong with a configuration: every fault at once, each with its place."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from typing_extensions import override

from notify_server.domain.errors import Code, Fault, RejectedError

KeyPath = tuple[str, ...]


class Place(NamedTuple):
    """Where a key was given.

    Attributes:
        source: Name of the file, or of the environment variable; empty: left at its default.
        line: 1-based; None outside a file.
    """

    source: str
    line: int | None = None

    @override
    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class ConfigFault(NamedTuple):
    """One fault: ``notify.toml:12: server.port: expected …``."""

    place: Place
    key: str
    message: str

    @override
    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), self.key, self.message) if part)


class ConfigError(RejectedError):
    """The start is refused; ``str()`` is one line for each fault."""

    def __init__(self, rows: Sequence[ConfigFault]) -> None:
        detail = "\n".join(str(row) for row in rows)
        super().__init__(Code.INVALID, detail, [Fault(row.key, row.message) for row in rows])
        self.rows = tuple(rows)


class Faults:
    """Collects faults, so that one start shows them all."""

    def __init__(self, places: Mapping[KeyPath, Place], default: Place) -> None:
        """Args:
        places: Where each key and table was given.
        default: For keys that were not given at all.
        """
        self._places = places
        self._default = default
        self._rows: list[ConfigFault] = []

    def add(self, path: KeyPath, message: str) -> None:
        """Note a fault at a key; its place is that of the key, or of the table around it."""
        self._rows.append(ConfigFault(self._place(path), dotted(path), message))

    def raise_if_any(self) -> None:
        """Raise ConfigError once something was noted."""
        if self._rows:
            raise ConfigError(self._rows)

    def _place(self, path: KeyPath) -> Place:
        for length in range(len(path), 0, -1):
            if path[:length] in self._places:
                return self._places[path[:length]]
        return self._default


def dotted(path: KeyPath) -> str:
    """``server.port``, and ``namespaces."/x".roles`` where a name is not a bare key."""
    bare = (part.replace("_", "").replace("-", "") for part in path)
    return ".".join(
        part if plain.isalnum() else f'"{part}"' for part, plain in zip(path, bare, strict=True)
    )
