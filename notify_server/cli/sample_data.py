"""``notify-server sample-data`` and ``test-notifications``: something to look at."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import orjson
import typer
from rich.console import Console

from notify_server.cli import options
from notify_server.cli.asking import Way, find_way
from notify_server.cli.gateway import ServerGateway, open_gateway
from notify_server.cli.lines import Line, Result, send_lines
from notify_server.cli.progress import Progress
from notify_server.cli.samples import SAMPLES, make_sample, person
from notify_server.cli.secret import make_token
from notify_server.cli.send import describe_refusal
from notify_server.cli.show import note, say, say_json
from notify_server.client import AsyncClient
from notify_server.domain.errors import NotifyError, RejectedError
from notify_server.domain.notification import Priority
from notify_server.kit.ids import random_id
from notify_server.policy.presets import PRESETS

_TOKEN_TTL = timedelta(minutes=10)
_SHARES: Mapping[str, float] = {"read": 0.55, "seen": 0.15, "dismiss": 0.05, "pin": 0.03}
"""What people have done with what they have; the rest is new to them."""

_BATCH_IDS = 500


def send_varied(
    user: Annotated[str, typer.Option("--user", help="Id of the user.", metavar="ID")],
    count: Annotated[
        int, typer.Option("--count", min=1, max=1000, help="How many.", metavar="N")
    ] = 5,
    seed: Annotated[
        int, typer.Option("--seed", help="The same one draws the same ones.", metavar="N")
    ] = 0,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Send a user some of every priority and many types, to see what they look like.

    \b
    Examples:
      notify-server test-notifications --user demo
      notify-server test-notifications --user 42 --count 20
    """
    way = find_way(url, key, config, data_dir)
    bodies = list(_varied(user, count, random.Random(seed)))  # noqa: S311 - draws texts
    made = asyncio.run(_send(way, bodies, random_id("test-")))
    return _tell(made, {"user": user}, as_json)


def sample_data(
    users: Annotated[
        int, typer.Option("--users", min=1, max=10_000, help="How many people.", metavar="N")
    ] = 10,
    notifications: Annotated[
        int,
        typer.Option("--notifications", min=1, max=1_000_000, help="How many in all.", metavar="M"),
    ] = 200,
    seed: Annotated[
        int, typer.Option("--seed", help="The same one makes the same data.", metavar="N")
    ] = 0,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Make believable notifications of every preset, for people called sample-…

    Some are read, seen, dismissed or pinned, as people do: for that it needs a running server and
    its JWT secret. Again with the same seed within a day it sends nothing twice.

    \b
    Examples:
      notify-server sample-data --users 10 --notifications 200
      notify-server sample-data --users 500 --notifications 20000 --seed 7
    """
    way = find_way(url, key, config, data_dir)
    chance = random.Random(seed)  # noqa: S311 - makes up data, guards nothing
    people = _people(users, chance)
    bodies = list(_everything(people, notifications, chance))
    made = asyncio.run(_send(way, bodies, f"sample-{seed}-{users}-{notifications}"))
    acted = asyncio.run(_act(way, made, chance))
    return _tell(made, {"users": users, **acted}, as_json)


class _Made(NamedTuple):
    """What was accepted, by user, why some was not, and whether a server took it."""

    ids: dict[str, list[str]]
    refused: list[str]
    by_server: bool

    @property
    def accepted(self) -> int:
        return sum(map(len, self.ids.values()))


def _varied(user: str, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Each priority in turn, each type before any comes twice."""
    kinds = list(SAMPLES)
    chance.shuffle(kinds)
    priorities = [str(one) for one in Priority]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        priority = priorities[number % len(priorities)]
        yield {"to": user, **make_sample(kind, _title(kind), chance), "priority": priority}


def _people(count: int, chance: random.Random) -> list[str]:
    """Ids like sample-mara.keller; with a number where the name is taken."""
    found: dict[str, None] = {}
    while len(found) < count:
        name = f"sample-{person(chance).lower().replace(' ', '.')}"
        found[name if name not in found else f"{name}.{len(found)}"] = None
    return list(found)


def _everything(
    people: Sequence[str], count: int, chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Every preset before any comes twice; some people get much, some little."""
    weights = [1 / (rank + 3) for rank in range(len(people))]
    kinds = list(PRESETS)
    for number in range(count):
        if number % len(kinds) == 0:
            chance.shuffle(kinds)
        kind = kinds[number % len(kinds)]
        (user,) = chance.choices(people, weights)
        yield {"to": user, **make_sample(kind, _title(kind), chance)}


def _title(kind: str) -> str:
    preset = PRESETS.get(kind)
    return "" if preset is None else preset.title


async def _send(way: Way, bodies: Sequence[dict[str, Any]], prefix: str) -> _Made:
    ids: dict[str, list[str]] = {}
    refused: list[str] = []
    lines = (
        Line(number, len(orjson.dumps(body)), {"idempotency_key": f"{prefix}#{number}", **body})
        for number, body in enumerate(bodies)
    )
    with Progress("Sending", len(bodies), Console(stderr=True)) as progress:

        def each(result: Result, _: Line) -> None:
            progress.advance(1)
            if isinstance(result.answer, NotifyError):
                refused.append(describe_refusal(result.answer))
            else:
                user = str(bodies[result.number]["to"])
                ids.setdefault(user, []).append(str(result.answer["id"]))

        async with open_gateway(way.endpoint, way.settings) as gateway:
            await send_lines(gateway, lines, each)
            by_server = isinstance(gateway, ServerGateway)
    if not by_server:
        note("No server runs: it goes out when one starts.")
    return _Made(ids, refused, by_server)


async def _act(way: Way, made: _Made, chance: random.Random) -> dict[str, int]:
    """Read, see, dismiss and pin some as the people themselves, with a token of each."""
    done = dict.fromkeys(_SHARES, 0)
    endpoint = way.endpoint
    if endpoint is None or not made.by_server:
        return done
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(AsyncClient(endpoint.url, endpoint.key))
        bar = stack.enter_context(Progress("Reading", len(made.ids), Console(stderr=True)))
        for user, ids in made.ids.items():
            try:
                token = make_token(way.settings, user, (), (), _TOKEN_TTL)
            except RejectedError:
                note("All stay unread: the JWT secret is not at hand.")
                return done
            api = server.with_key(token)
            for action, share in _SHARES.items():
                chosen = [one for one in ids if chance.random() < share]
                done[action] += await _batch(api, chosen, action)
            bar.advance(1)
    return done


async def _batch(api: AsyncClient, ids: Sequence[str], action: str) -> int:
    changed = 0
    for at in range(0, len(ids), _BATCH_IDS):
        body = {"ids": ids[at : at + _BATCH_IDS], "action": action}
        answer = await api.call_surely("POST", "/api/v1/notifications/batch", body)
        changed += len(answer["changed"])
    return changed


def _tell(made: _Made, more: Mapping[str, Any], as_json: bool) -> int:
    for why in sorted(set(made.refused))[:10]:
        note(f"refused: {why}")
    if as_json:
        say_json({"accepted": made.accepted, "refused": len(made.refused), **more})
    else:
        parts = [f"{made.accepted} accepted", f"{len(made.refused)} refused"]
        parts += [f"{name}: {value}" for name, value in more.items()]
        say(", ".join(parts))
        shown = list(made.ids)[:3]
        if shown and "user" not in more:
            say(f"See them as one of: {' '.join(shown)} (notify-server listen --user {shown[0]})")
    return 1 if made.refused else 0
