"""The key of the people at this machine: made once, kept in ``data_dir`` for its commands."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from notify_server.auth.keys import make_key
from notify_server.domain.claims import Scope
from notify_server.ports.store import KeyStore

_FILE = "api_key"


async def ensure_operator_key(store: KeyStore, data_dir: Path, now: datetime) -> str:
    """The kept key if the store still honours it, else a new one with all scopes.

    Args:
        store: Where its hash is kept.
        data_dir: Holds the file, mode 0600.
        now: Its moment of creation.
    """
    path = data_dir / _FILE
    with suppress(FileNotFoundError):
        kept = path.read_text("ascii").strip()
        known = await store.key(kept.removeprefix("nk_").partition("_")[0])
        if known is not None and known.revoked_at is None:
            return kept
        path.unlink()
    stored, key = make_key("local operator", list(Scope), now)
    await store.add_key(stored)
    _keep(path, key)
    return key


def _keep(path: Path, key: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
