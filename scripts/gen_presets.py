"""Write docs/presets.md and the client's helpers from policy/presets.py; --check only looks."""

import sys
from pathlib import Path

from notify_server.policy.presets import PRESETS, Preset, PresetGroup

ROOT = Path(__file__).parent.parent

_LINE = 100

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

_MODULE = '''"""A helper for each preset. Written by scripts/gen_presets.py from policy/presets.py.

Each sends a notification of its type; ``**details`` are those of ``send``, and the priority is the
type's unless one is given.
"""

from typing import Unpack

from notify_server.client.body import Details, To
from notify_server.client.sending import R, Sending
'''


def made() -> dict[Path, str]:
    """Every generated file with its content."""
    return {
        ROOT / "docs/presets.md": _page(),
        ROOT / "notify_server/client/presets.py": _helpers(),
    }


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


def _helpers() -> str:
    bases = ", ".join(f"{group.title()}Helpers[R]" for group in PresetGroup)
    last = f'class PresetHelpers({bases}):\n    """All of them."""\n'
    return "\n\n".join([_MODULE, *(_class(group) for group in PresetGroup), last])


def _class(group: PresetGroup) -> str:
    rows = {name: preset for name, preset in PRESETS.items() if preset.group is group}
    head = f'class {group.title()}Helpers(Sending[R]):\n    """For {_ABOUT[group]}."""\n'
    return "\n".join([head, *(_helper(name, preset) for name, preset in rows.items())])


def _helper(name: str, preset: Preset) -> str:
    given = (
        "self", "to: To", "message: str", "*", f'title: str = "{preset.title}"',
        "**details: Unpack[Details]",
    )  # fmt: skip
    line = " " * 8 + ", ".join(given)
    if len(line) > _LINE:  # as ruff format breaks it
        line = "\n".join(f"{' ' * 8}{one}," for one in given)
    return f'''    def notify_{name}(
{line}
    ) -> R:
        """``{name}``: {preset.priority}, {_grouped(preset)}."""
        return self._send("{name}", to, title, message, details)
'''


def _grouped(preset: Preset) -> str:
    return f"grouped by {preset.group_by}" if preset.group_by else "stands alone"


if __name__ == "__main__":
    sys.exit(main())
