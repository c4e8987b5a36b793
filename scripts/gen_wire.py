"""Write docs/wire.*, and the wire fixtures, from notify_server/wire; --check only looks."""

import sys
from pathlib import Path

import orjson

from notify_server.wire.describe import describe, fixtures
from notify_server.wire.describe_text import to_markdown

ROOT = Path(__file__).parent.parent


def made() -> dict[Path, bytes]:
    """Every generated file with its content."""
    described = describe()
    files = {
        ROOT / "docs/wire.json": _json(described),
        ROOT / "docs/wire.md": to_markdown(described).encode(),
    }
    for name, content in fixtures().items():
        files[ROOT / f"tests/wire/fixtures/{name}.json"] = _json(content)
    return files


def outdated() -> list[Path]:
    """Files that differ from what would be written, and fixtures of events that are gone."""
    files = made()
    differing = [p for p, content in files.items() if not p.exists() or p.read_bytes() != content]
    stray = [p for p in (ROOT / "tests/wire/fixtures").glob("*.json") if p not in files]
    return differing + stray


def main() -> int:
    """Write, or with ``--check`` exit 1 when something is out of date."""
    stale = outdated()
    if "--check" in sys.argv:
        for path in stale:
            print(f"out of date: {path.relative_to(ROOT)}; run scripts/gen_wire.py")
        return 1 if stale else 0
    files = made()
    for path in stale:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
        else:
            path.unlink()
    return 0


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    sys.exit(main())
