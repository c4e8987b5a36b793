"""``notify-server explain``: what happened to a notification, why, and what happens next."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from notify_server.app.lines import Line
from notify_server.cli import options
from notify_server.cli.asking import find_way, look, path_of
from notify_server.cli.search import targets_text
from notify_server.cli.show import clean, local_moment, say, say_json
from notify_server.domain.settings import Settings
from notify_server.wire.explanation import MAX_RECIPIENTS, explanation_to_wire

_STATUS_STYLES = {"delivered": "green", "failed": "bold red", "pending": "yellow", "sent": "yellow"}


def explain(
    notification_id: Annotated[
        str, typer.Argument(help="Id, as send and search print it.", metavar="ID")
    ],
    user: options.User = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Go on behind this user.", metavar="ID")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MAX_RECIPIENTS, help="People at most.", metavar="N")
    ] = 20,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Tell what became of a notification, person by person.

    What happened and when, why things stand as they do, and what comes next.
    With no server running it looks into the store.

    \b
    Examples:
      notify-server explain 0199d2b4-6a3e-7c55-8f0b-2d9a4c1e7b60
      notify-server explain 0199d2b4-6a3e-7c55-8f0b-2d9a4c1e7b60 --user 42
    """

    async def by_line(line: Line, settings: Settings) -> Mapping[str, Any]:
        found = await line.explanations.explain(notification_id, user, after or "", limit)
        return explanation_to_wire(found, settings.compat)

    way = find_way(url, key, config, data_dir)
    path = path_of("notifications", notification_id, user=user, after=after, limit=limit)
    told = look(way, path, by_line)
    if as_json:
        say_json(told)
        return 0
    for line in describe(told):
        say(line)
    return 0


def describe(told: Mapping[str, Any]) -> Iterator[Text]:
    """An explanation as lines for people."""
    yield from _whole(told)
    people = told["recipients"]["items"]
    for person in people:
        yield Text("")
        yield from _person(person)
    if not people:
        yield Text("")
        yield Text("Nothing has happened to anybody yet.")
    info = told["recipients"]["page_info"]
    if info["has_more"]:
        yield Text("")
        yield Text(f"There are more people: --after {clean(info['after'])}", style="dim")


def _whole(told: Mapping[str, Any]) -> Iterator[Text]:
    content = told["notification"]
    yield Text(clean(content.get("title")), style="bold")
    yield Text(clean(content.get("message")))
    yield _row("id", f"{content['id']}, revision {content.get('revision', 1)}")
    kinds = [content.get("type"), content.get("priority"), content.get("source")]
    yield _row("kind", ", ".join(clean(kind) for kind in kinds if kind))
    yield _row("sent", f"{local_moment(content.get('created_at'))} by {told.get('submitter')}")
    yield _row("to", targets_text(told["targets"]))
    if exclude := told["targets"].get("exclude"):
        yield _row("but not", " ".join(map(clean, exclude)))
    if expires_at := content.get("expires_at"):
        yield _row("expires", local_moment(expires_at))
    if cancelled_at := told.get("cancelled_at"):
        yield _row("cancelled", local_moment(cancelled_at))
    for channel in told.get("channels") or ():
        yield _row(clean(channel["channel"]), clean(channel.get("sentence") or channel["reason"]))
    numbers = [f"{count} {name}" for name, count in told["summary"].items() if count]
    yield _row("people", ", ".join(numbers) or "none yet")
    if told.get("connected"):
        yield _row("connected", f"{told['connected']} of them now")


def _row(name: str, text: str) -> Text:
    return Text(f"  {name:<11} {clean(text)}")


def _person(person: Mapping[str, Any]) -> Iterator[Text]:
    status = clean(person["status"] or "not a recipient")
    line = Text.assemble((clean(person["user"]), "bold"), ": ")
    line.append(status, style=_STATUS_STYLES.get(status, ""))
    if not person["named"] and person["status"]:
        line.append(", as a member of the audience")
    if person["online"]:
        line.append(", connected")
    yield line
    for happening in person["timeline"]:
        yield _row(local_moment(happening["at"]), _happened(happening))
    why, coming = person["why"], person["next"]
    yield _row("why", f"{clean(why['sentence'])} ({clean(why['reason'])})")
    due = local_moment(coming["due_at"])
    yield _row("next", f"{due}: {clean(coming['sentence'])}" if due else clean(coming["sentence"]))


def _happened(happening: Mapping[str, Any]) -> str:
    """One line of the timeline; a try with its number, reason and session."""
    told = clean(happening["sentence"])
    if "reason" not in happening:
        return told
    notes = [f"try {happening['number']}", clean(happening["reason"])]
    if happening["revision"] > 1:
        notes[0] += f" of r{happening['revision']}"
    if happening["session"]:
        notes.append(f"session {clean(happening['session'])}")
    if happening["event"] == "delivered" and happening["round_trip_ms"] is not None:
        notes.append(f"{happening['round_trip_ms']} ms")
    return f"{told} ({', '.join(notes)})"
