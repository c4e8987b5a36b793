"""Places where a test can make the process die, to prove that nothing accepted is lost.

``NOTIFY_TEST_FAILPOINT=after_store:exit`` (a name, optionally ``name:exit:3`` for the third pass).
Without the variable a failpoint is one dictionary lookup.
"""

import os

_EXIT_CODE = 70


def _parse(text: str) -> dict[str, int]:
    points: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, rest = part.partition(":")
        _action, _, nth = rest.partition(":")
        points[name] = int(nth or 1)
    return points


_POINTS = _parse(os.environ.get("NOTIFY_TEST_FAILPOINT", ""))


def failpoint(name: str) -> None:
    """Die here, at once and without cleaning up, if a test asked for it."""
    if not _POINTS or name not in _POINTS:
        return
    _POINTS[name] -= 1
    if _POINTS[name] <= 0:
        os._exit(_EXIT_CODE)
