"""One process per store: an advisory lock beside the data file.

SQLite alone would let a second process write in between, and its in-memory counts and ids would
know nothing of it. The lock dies with its process, so a crash leaves nothing to clean up.
"""

import fcntl
import os
from pathlib import Path

from notify_server.domain.errors import Code, ConflictError


class FileLock:
    """Holds ``<data file>.lock``; the file stays, the lock does not."""

    def __init__(self, data_file: Path) -> None:
        self._data_file = data_file
        self._path = data_file.with_name(data_file.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take it at once.

        Raises:
            ConflictError: Another store holds it; the sentence names the process.
            OSError: The file can not be made.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ConflictError(
                Code.CONFLICT, f"{self._data_file} is in use by process {holder}."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
