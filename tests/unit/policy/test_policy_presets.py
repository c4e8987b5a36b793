"""The presets of contract 4: all there, registered, documented, and open to the configuration."""

import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from notify_server.domain.notification import ChannelName, Priority
from notify_server.policy.presets import PRESETS
from notify_server.policy.types import BUILT_IN, REGISTERED, TypeRegistry

ROOT = Path(__file__).parents[3]

CONTRACT = {
    "social": "connection_request connection_accepted new_message job_application"
    " application_status post_like post_comment post_share mention new_follower profile_view"
    " endorsement recommendation group_invite event_invite birthday work_anniversary",
    "jobs": "job_alert job_recommendation job_deadline salary_alert skill_match"
    " application_confirmation application_update interview_invitation offer rejection"
    " profile_reminder skill_gap achievement career_insight welcome feature_announcement"
    " maintenance security_alert",
    "tasks": "task_update task_assignment task_completion",
}


@pytest.mark.parametrize(("group", "names"), CONTRACT.items())
def test_presets_of_a_group_are_those_of_the_contract(group, names):
    assert [name for name, preset in PRESETS.items() if preset.group == group] == names.split()


def test_presets_in_numbers_are_17_and_18_and_3():
    assert Counter(preset.group for preset in PRESETS.values()) == {
        "social": 17, "jobs": 18, "tasks": 3,
    }  # fmt: skip


def test_presets_are_registered_beside_the_built_in_types():
    assert not PRESETS.keys() & BUILT_IN.keys()
    assert TypeRegistry({}).names() == (*BUILT_IN, *PRESETS)


@pytest.mark.parametrize(("name", "preset"), PRESETS.items())
def test_preset_row_is_whole_and_becomes_the_types_settings(name, preset):
    settings = REGISTERED[name]
    assert (settings.priority, settings.channels) == (preset.priority, preset.channels)
    assert (settings.group, settings.required) == (preset.group_by, preset.required)
    assert preset.title[0].isupper()
    assert len(preset.title) <= 40
    assert preset.channels[0] is ChannelName.IN_APP
    assert len(set(preset.channels)) == len(preset.channels)


def test_only_the_security_alert_cannot_be_switched_off():
    types = TypeRegistry({})
    assert [name for name in PRESETS if types.required(name)] == ["security_alert"]


def test_configured_type_overrides_the_preset():
    quiet = replace(REGISTERED["offer"], priority=Priority.LOW)
    types = TypeRegistry({"offer": quiet})
    assert types.priority("offer") is Priority.LOW
    assert len(types.names()) == len(REGISTERED)


def test_page_of_presets_is_what_the_table_says():
    assert runpy.run_path(str(ROOT / "scripts/gen_presets.py"))["outdated"]() == []
