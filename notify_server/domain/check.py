"""A finding: what was looked at, how it is, and what to do about it.

Stores and bus say so how they are when ``doctor`` asks; ``cli/checks.py`` shows it.
"""

from dataclasses import dataclass
from enum import StrEnum


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
