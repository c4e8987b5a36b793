"""What ``GET /metrics`` shows of a running server, and what it never shows."""

import json
import re
from pathlib import Path

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from socketio.exceptions import ConnectionError as Refused

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "notify-server.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
_OURS = re.compile(r"\bnotify_[a-z0-9_]+")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


async def scrape(server, headers=None):
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}/metrics", headers=headers) as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


def value(text, name, **labels):
    """The sum of the samples with this name and these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def shown(world, name, at_least, **labels):
    """Wait until the figure is as large."""

    async def reached():
        return value((await scrape(world.server))[2], name, **labels) >= at_least

    await world.api.until(reached)


async def test_metrics_after_a_delivery_count_it(world):
    before = (await scrape(world.server))[2]
    device = await world.online()
    sent = await world.api.submit(device.user, priority="high")
    await device.sees(sent)
    await world.delivered(device.user, sent)
    high = {"priority": "high"}
    for name, labels in {
        "notify_submits_total": {"outcome": "accepted"},
        "notify_frames_total": {**high, "kind": "first"},
        "notify_deliveries_total": {**high, "channel": "in_app", "outcome": "delivered"},
        "notify_ack_seconds_count": high,
        "notify_first_emit_seconds_count": high,
        "notify_catch_ups_total": {"outcome": "done"},
        "notify_store_seconds_count": {"operation": "accept"},
        "notify_store_commit_seconds_count": {},
        "notify_http_request_seconds_count": {"route": "/api/v1/notifications", "status": "202"},
    }.items():
        await shown(world, name, value(before, name, **labels) + 1, **labels)
    await shown(world, "notify_sessions", 1, line="/", ack="yes")
    await shown(world, "notify_loop_lag_seconds_count", 1)


async def test_metrics_of_refusals_name_the_reason(world):
    before = (await scrape(world.server))[2]
    answer = await world.api.post({"to": "42", "title": "", "message": "x"})
    assert answer.status == 422
    with pytest.raises(Refused):
        await world.stock().start("no token at all")
    await shown(
        world,
        "notify_handshakes_refused_total",
        value(before, "notify_handshakes_refused_total", reason="TOKEN_INVALID") + 1,
        reason="TOKEN_INVALID",
    )
    invalid = {"outcome": "INVALID"}
    await shown(
        world,
        "notify_submits_total",
        value(before, "notify_submits_total", **invalid) + 1,
        **invalid,
    )


async def test_metrics_are_named_as_prometheus_wants_them(server):
    status, content_type, text = await scrape(server)
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    families = list(text_string_to_metric_families(text))
    assert len(families) > 20
    for family in families:
        assert family.name.startswith("notify_"), family.name
        assert family.documentation, family.name
        assert family.type in {"counter", "gauge", "histogram"}, family.name
        assert family.type != "gauge" or not family.name.endswith("_total"), family.name
    assert len({family.name for family in families}) == len(families)


async def test_metrics_whatever_callers_do_stay_few_and_name_nobody(world):
    """Ids, paths, types, sessions: nothing that a caller makes up becomes a label."""
    device = await world.online()
    await world.api.submit(device.user)

    async def make_up(number):
        await world.api.submit(f"secret-{number}-{device.user}", event_name=f"made-up-{number}")
        await world.api.call("GET", f"/made/up/{number}")
        await world.api.call("GET", f"/notifications/made-up-{number}", bearer=device.token)
        await world.api.call("BREW", "/notifications")
        await world.online(f"{device.user}-{number}")

    for number in range(10):  # what is done for the first time may be a new line
        await make_up(number)
    before = (await scrape(world.server))[2]
    for number in range(10, 50):
        await make_up(number)
    after = (await scrape(world.server))[2]
    assert "made-up" not in after
    assert device.user not in after
    assert after.count("\n") < before.count("\n") + 40  # one a round would be as many


@pytest.mark.parametrize("path", [DASHBOARD, ALERTS], ids=lambda path: path.name)
async def test_metrics_in_deploy_exist(server, path):
    """A panel over a figure that is not there stays empty and looks like silence."""
    text = (await scrape(server))[2]
    known = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    queried = set(_OURS.findall(_queries(path)))
    assert queried
    assert {name for name in queried if not {name, _SUFFIX.sub("", name)} & known} == set()


async def test_metrics_are_all_in_the_docs(server):
    text = (await scrape(server))[2]
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    described = set(_OURS.findall((ROOT / "docs" / "seeing.md").read_text("utf-8")))
    assert {name for name in shown - described if not name.startswith("notify_process_")} == set()
    assert described - shown == {"notify_process_"}


def test_alerts_are_rules_with_a_summary():
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len({rule["alert"] for rule in rules}) >= 5
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in rules)


def _queries(path):
    if path is ALERTS:
        return path.read_text("utf-8")
    panels = json.loads(path.read_text("utf-8"))["panels"]
    charts = [panel for panel in panels if panel["type"] != "row"]
    assert all(panel["targets"] and panel["description"] for panel in charts)
    return "\n".join(target["expr"] for panel in charts for target in panel["targets"])


async def test_metrics_closed_ask_for_a_key_and_switched_off_are_not_there(make_server):
    server = make_server("\n[metrics]\nopen = false\n").start()
    assert (await scrape(server))[0] == 401
    bearer = {"Authorization": f"Bearer {server.api_key}"}
    assert (await scrape(server, bearer))[0] == 200
    server.stop()
    server.configure("\n[metrics]\nenabled = false\n")
    server.start()
    assert (await scrape(server, bearer))[0] == 404
