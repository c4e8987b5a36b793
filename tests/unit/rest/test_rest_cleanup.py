"""The retention's work over HTTP."""

from datetime import timedelta

import pytest

PATH = "/admin/cleanup"


async def test_cleanup_removes_what_is_old_and_counts_it_first(service):
    old = await service.submit("1")
    service.clock.advance(timedelta(days=40))
    young = await service.submit("1")
    for _ in range(2):
        answer = await service.call("POST", PATH, {"days": 30, "dry_run": True})
        assert answer.body == {"removed": 0, "matching": 1, "more": False}
    answer = await service.call("POST", PATH, {"days": 30})
    assert answer.body == {"removed": 1, "matching": 1, "more": False}
    assert (await service.call("GET", f"/admin/notifications/{old}")).status == 404
    assert (await service.call("GET", f"/admin/notifications/{young}")).status == 200


async def test_cleanup_without_a_body_keeps_as_long_as_configured(service):
    await service.submit("1")
    service.clock.advance(timedelta(days=89))
    assert (await service.call("POST", PATH)).body["removed"] == 0
    service.clock.advance(timedelta(days=2))
    assert (await service.call("POST", PATH)).body["removed"] == 1


@pytest.mark.parametrize("key", ["send", "read", "broadcast"])
async def test_cleanup_with_a_key_that_is_no_admins_is_refused(service, key):
    answer = await service.call("POST", PATH, {}, bearer=service.keys[key])
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("body", "path"),
    [({"days": 0}, "days"), ({"days": "7"}, "days"), ({"dry_run": 1}, "dry_run"), ({"x": 1}, "x")],
)
async def test_cleanup_with_a_fault_names_it(service, body, path):
    answer = await service.call("POST", PATH, body)
    assert (answer.status, answer.paths) == (422, [path])
