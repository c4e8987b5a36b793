"""How commands speak: results to stdout, the rest to stderr, and nothing drives the terminal."""

import re
import sys
from collections.abc import Sequence
from datetime import datetime

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

# C0 and C1 controls: a title must not move the cursor, recolour or ring on the reader's terminal;
# nor the marks that turn the rest of a line around.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_PIPE_WIDTH = 300  # lines in a pipe are for other programs: nothing is folded


def clean(text: object) -> str:
    """What came from outside as one line of harmless text."""
    return _CONTROLS.sub(" ", str(text))


def say(text: str | Text) -> None:
    """A result for people, to stdout; never wrapped, so that pipes get whole lines."""
    Console(soft_wrap=True, highlight=False, markup=False, emoji=False).print(text)


def note(text: str) -> None:
    """A remark, to stderr."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: object) -> None:
    """One line of JSON, to stdout, flushed so that a reader of the pipe sees it at once."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


def say_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people, to stdout."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)


def local_moment(text: object) -> str:
    """A moment of the wire as the clock on the wall here shows it; "" for none."""
    if not isinstance(text, str):
        return ""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return text
