"""How the findings of ``probe`` and ``doctor`` are shown, and the exit code that they make."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from notify_server.cli.exits import Exit
from notify_server.cli.show import clean, say, say_json
from notify_server.domain.check import Check, Verdict


def exit_code(checks: Sequence[Check]) -> Exit:
    """3 when the first failure is something away, 1 when it is a refusal, else 0."""
    first = next((check for check in checks if check.verdict is Verdict.FAIL), None)
    if first is None:
        return Exit.DONE
    return Exit.AWAY if first.is_away else Exit.REFUSED


_STYLES = {
    Verdict.OK: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.SKIP: "dim",
}
_NAME_CHARS = 22


def say_check(check: Check) -> None:
    """One line, and a second one with what to do."""
    line = Text(f"{check.verdict:<5}", style=_STYLES[check.verdict])
    line.append(f"{check.name:<{_NAME_CHARS}} {clean(check.detail)}", style="default")
    say(line)
    if check.advice:
        say(Text(f"     {'':<{_NAME_CHARS}} -> {clean(check.advice)}"))


def say_checks_json(checks: Sequence[Check], more: dict[str, Any] | None = None) -> None:
    """All of them as one JSON object: ``{"ok", "checks": [{"name", "verdict", …}]}``."""
    listed = [
        {"name": c.name, "verdict": str(c.verdict), "detail": c.detail, "advice": c.advice}
        for c in checks
    ]
    say_json({"ok": exit_code(checks) is Exit.DONE, "checks": listed, **(more or {})})
