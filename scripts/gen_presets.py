"""Write docs/presets.md from notify_server/policy/presets.py; --check only looks."""

import sys
from pathlib import Path

from notify_server.policy.presets import PRESETS, Preset, PresetGroup

ROOT = Path(__file__).parent.parent

_HEAD = """# Presets

Types that many products need, registered without any configuration, next to the ten built-in ones
(`system user_action progress_update alert error success info warning admin security`).
Written by `scripts/gen_presets.py` from `notify_server/policy/presets.py`.

The **priority** holds when a submission names none. The **title** is for people: in their
settings, and as the title that the Python client's `notify_*` helpers give. **Grouped by** and
**channels** are recorded for later: `type` puts all of the type together, `object` those
with the same `object`, `sender` those with the same `sender`; with a dash each stands alone.
What is required cannot be switched off by people.

A table `[types.<name>]` in the configuration overrides any of it, for example:

```toml
[types.post_like]
priority = "normal"
channels = ["in_app", "web_push"]
```
"""

_ABOUT = {
    PresetGroup.SOCIAL: "what people do to one another",
    PresetGroup.JOBS: "looking for work, applying, and the product around it",
    PresetGroup.TASKS: "work that runs, or that somebody has to do",
}


def made() -> dict[Path, str]:
    """Every generated file with its content."""
    return {ROOT / "docs/presets.md": _page()}


def outdated() -> list[Path]:
    """Files that differ from what would be written."""
    return [path for path, text in made().items() if not path.exists() or path.read_text() != text]


def main() -> int:
    """Write, or with ``--check`` exit 1 when something is out of date."""
    stale = outdated()
    if "--check" in sys.argv:
        for path in stale:
            print(f"out of date: {path.relative_to(ROOT)}; run scripts/gen_presets.py")
        return 1 if stale else 0
    for path, text in made().items():
        path.write_text(text)
    return 0


def _page() -> str:
    return "\n".join([_HEAD, *(_section(group) for group in PresetGroup)])


def _section(group: PresetGroup) -> str:
    rows = {name: preset for name, preset in PRESETS.items() if preset.group is group}
    lines = [
        f"## {group} ({len(rows)}): {_ABOUT[group]}",
        "",
        "| type | title | priority | grouped by | channels | required |",
        "|---|---|---|---|---|---|",
        *(_row(name, preset) for name, preset in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, preset: Preset) -> str:
    channels = ", ".join(preset.channels)
    cells = (
        f"`{name}`", preset.title, preset.priority, preset.group_by or "-", channels,
        "yes" if preset.required else "",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
