"""Which calls are ended after a few seconds, and which may take their time."""

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import UrlDispatcher

from notify_server.rest import admin, api_keys, audit, operators, users
from notify_server.rest.deadline import DEADLINE_S, deadline_of


async def deadline(handler):
    routes = UrlDispatcher()
    routes.add_get("/x", handler)
    request = make_mocked_request("GET", "/x")
    request._match_info = await routes.resolve(request)
    return deadline_of(request)


@pytest.mark.parametrize("handler", [users.export, users.erase, audit.verify])
async def test_call_whose_work_grows_with_what_is_stored_has_no_deadline(handler):
    assert await deadline(handler) is None


@pytest.mark.parametrize(
    "handler",
    [
        admin.revoke, admin.add_member, admin.remove_member, operators.resend,
        operators.close_session, users.put, api_keys.create, api_keys.revoke,
    ],
)  # fmt: skip
async def test_change_of_an_operator_is_not_ended_before_it_is_in_the_audit(handler):
    """S30."""
    assert await deadline(handler) is None


@pytest.mark.parametrize("handler", [users.show, audit.listing, operators.search])
async def test_call_that_looks_at_a_page_has_a_deadline(handler):
    assert await deadline(handler) == DEADLINE_S
