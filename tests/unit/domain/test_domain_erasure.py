"""What is left of a notification, and of a person, when the person is taken out."""

from dataclasses import replace

from notify_server.domain.erasure import NOBODY, mentioned_in, tombstone_of, without
from notify_server.domain.notification import Content, Notification
from notify_server.domain.profile import ProfileFields
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.kit.clock import ManualClock

NOW = ManualClock().now()
ROLE = Audience(AudienceKind.ROLE, "R")
CONTENT = Content("t", "m", sender={"id": "ann", "name": "Ann", "avatar_url": None})
WHOLE = Notification("1", Targets(("ann", "bob"), (ROLE,), ("zoe",)), CONTENT, "user:kim", NOW, NOW,
                     NOW)  # fmt: skip


def test_mentioned_are_sender_submitter_and_excluded_not_the_named():
    assert mentioned_in(WHOLE) == {"ann", "kim", "zoe"}
    plain = replace(WHOLE, content=replace(CONTENT, sender=None), submitter="key:1")
    assert mentioned_in(plain) == {"zoe"}


def test_without_takes_the_person_out_of_each_place():
    ann, kim, zoe = (without(WHOLE, user) for user in ("ann", "kim", "zoe"))
    assert (ann.targets.users, ann.content.sender) == (("bob",), None)
    assert (kim.submitter, kim.targets) == (NOBODY, WHOLE.targets)
    assert zoe.targets.exclude == ()
    assert without(WHOLE, "nobody") == WHOLE


def test_without_is_none_only_where_nobody_is_left_to_whom_it_was_sent():
    only = replace(WHOLE, targets=Targets(("ann",)))
    assert without(only, "ann") is None
    assert without(only, "kim") is not None
    assert without(replace(WHOLE, targets=Targets(("ann",), (ROLE,))), "ann") is not None


def test_tombstones_differ_and_do_not_hold_the_id():
    assert tombstone_of("ann") != tombstone_of("bob")
    assert "ann" not in tombstone_of("ann")


def test_profile_that_says_nothing_clears_everything():
    assert ProfileFields() == ProfileFields(None, None, None, None, None, (), ())
