"""The list of commands, grouped by what people want to do; plain text, so that pipes read it too.

``cli/main.py`` names the group of each command as ``rich_help_panel``.
"""

from typing import Any

from typer.core import TyperGroup
from typing_extensions import override

RUN = "Run a server"
SEND = "Send and receive"
FIND = "Find out what happened"
PEOPLE = "People and keys"
TRY = "Try an installation"
GROUPS = (RUN, SEND, FIND, PEOPLE, TRY)
"""In the order of the overview; a command without a group comes last."""

_OTHER = "Further commands"


class Overview(TyperGroup):
    """Typer's own help with the commands under headings."""

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        shown = [(name, command) for name, command in known if command and not command.hidden]
        width = max((len(name) for name, _ in shown), default=0)
        for group in (*GROUPS, _OTHER):
            rows = [
                (f"{name:<{width}}", command.get_short_help_str(formatter.width - 6 - width))
                for name, command in shown
                if _group_of(command) == group
            ]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)


def _group_of(command: Any) -> str:
    named = getattr(command, "rich_help_panel", None)
    return named if named in GROUPS else _OTHER
