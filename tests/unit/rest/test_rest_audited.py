"""An operator's change is in the audit before it is made: none is there without its entry."""

import pytest

from notify_server.domain.errors import UnavailableError

ROOM = "/admin/rooms/r1/members/ann"


async def state_of(service, sent):
    """What the calls below would change."""
    ann = (await service.call("GET", "/admin/users/ann")).body
    shown = (await service.call("GET", f"/admin/notifications/{sent}")).body
    content = shown["notification"]
    return (
        ann["name"], ann["rooms"], ann["tokens_revoked_before"],
        content["title"], content["revision"], shown["cancelled_at"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/admin/users/ann", {"name": "Ann"}),
        ("POST", "/admin/users/ann/revoke", None),
        ("PUT", ROOM, None),
        ("DELETE", ROOM, None),
        ("PUT", "/notifications/{sent}", {"title": "new", "message": "M"}),
        ("POST", "/notifications/{sent}/cancel", None),
    ],
)
async def test_change_that_cannot_be_audited_is_not_made(service, monkeypatch, method, path, body):
    made = await service.call(
        "POST", "/notifications", {"to": "ann", "title": "T", "message": "M"},
        bearer=service.keys["send"],
    )  # fmt: skip
    sent = made.body["id"]
    if method == "DELETE":
        assert (await service.call("PUT", ROOM)).status == 204
    before = await state_of(service, sent)

    async def away(_entry):
        raise UnavailableError("The store is away.")

    with monkeypatch.context() as broken:
        broken.setattr(service.product.store, "add_audit", away)
        refused = await service.call(method, path.format(sent=sent), body)
    assert refused.status == 503, refused
    assert await state_of(service, sent) == before
    done = await service.call(method, path.format(sent=sent), body)
    assert done.status < 300, done
    assert await state_of(service, sent) != before
