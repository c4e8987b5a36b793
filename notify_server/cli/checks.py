"""Findings of ``probe`` and ``doctor``: what was looked at, how it is, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.text import Text

from notify_server.cli.exits import Exit
from notify_server.cli.show import clean, say, say_json


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at, in a word or two.
        detail: What was found.
        advice: What to do, where something is to be done.
        is_away: It fails because something cannot be reached; else because it is refused or wrong.
    """

    name: str
    verdict: Verdict
    detail: str
    advice: str = ""
    is_away: bool = False


def ok(name: str, detail: str) -> Check:
    """It is as it should be."""
    return Check(name, Verdict.OK, detail)


def warn(name: str, detail: str, advice: str) -> Check:
    """It works, and could be better."""
    return Check(name, Verdict.WARN, detail, advice)


def fail(name: str, detail: str, advice: str) -> Check:
    """It is wrong, or was refused."""
    return Check(name, Verdict.FAIL, detail, advice)


def away(name: str, detail: str, advice: str) -> Check:
    """Something that is needed cannot be reached."""
    return Check(name, Verdict.FAIL, detail, advice, is_away=True)


def skip(name: str, detail: str) -> Check:
    """It could not be looked at."""
    return Check(name, Verdict.SKIP, detail)


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
