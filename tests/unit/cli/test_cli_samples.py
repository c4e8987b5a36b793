"""Sample data: every type has one, and each is what the server takes."""

import random

import pytest

from notify_server.cli.samples import SAMPLES, make_sample
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.kit.clock import SystemClock
from notify_server.policy.presets import PRESETS
from notify_server.policy.types import TypeRegistry
from notify_server.wire.submission import parse_draft

TYPES = TypeRegistry({})


def test_every_preset_has_a_sample():
    assert PRESETS.keys() <= SAMPLES.keys()


@pytest.mark.parametrize("kind", SAMPLES)
def test_sample_is_a_good_submission_with_every_word_filled_in(kind):
    preset = PRESETS.get(kind)
    for seed in range(20):
        body = make_sample(kind, preset.title if preset else "", random.Random(seed))
        assert "{" not in body["title"] + body["message"]
        draft = parse_draft(
            {"to": "1", **body}, TYPES, LimitSettings(), SystemClock().now(),
            namespaces=NamespaceSettings(),
        )  # fmt: skip
        assert draft.content.type == kind


def test_sample_of_the_same_seed_is_the_same():
    one, two = (make_sample("mention", "T", random.Random(3)) for _ in range(2))
    assert one == two
