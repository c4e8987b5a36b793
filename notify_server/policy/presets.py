"""The presets: types that many products need, registered without any configuration (contract 4).

One row each. ``policy/types.py`` registers them, ``scripts/gen_presets.py`` writes docs/presets.md
and the ``notify_*`` helpers of the Python client from them. ``[types.<name>]`` overrides a row.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from notify_server.domain.notification import ChannelName, Priority
from notify_server.domain.settings import TypeSettings


class PresetGroup(StrEnum):
    """The product that a preset is for."""

    SOCIAL = "social"
    JOBS = "jobs"
    TASKS = "tasks"


class GroupRule(StrEnum):
    """What notifications of a type are put together by, once there is grouping."""

    NONE = ""
    TYPE = "type"
    """All of the type: "5 new followers"."""
    OBJECT = "object"
    """Those about the same ``object``: "8 people like this post"."""
    SENDER = "sender"
    """Those of the same ``sender``: "3 messages from Ada"."""


class Preset(NamedTuple):
    """One type with its defaults.

    Attributes:
        title: For people, in settings and as the title when a caller gives none.
        group_by: Recorded for later.
        channels: Recorded for later; in the order in which they are tried.
        required: People cannot switch it off.
    """

    group: PresetGroup
    title: str
    priority: Priority
    group_by: GroupRule
    channels: tuple[ChannelName, ...]
    required: bool = False

    def settings(self) -> TypeSettings:
        """The row as ``[types.<name>]`` has it."""
        return TypeSettings(self.priority, self.channels, str(self.group_by), self.required)


_SOCIAL, _JOBS, _TASKS = PresetGroup
_LOW, _NORMAL, _HIGH, _URGENT = Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT
_ALONE, _TYPE, _OBJECT, _SENDER = GroupRule

_HERE = (ChannelName.IN_APP,)
_PUSH = (ChannelName.IN_APP, ChannelName.WEB_PUSH)
_MAIL = (ChannelName.IN_APP, ChannelName.EMAIL)
_BOTH = (ChannelName.IN_APP, ChannelName.WEB_PUSH, ChannelName.EMAIL)
_EVERY = (ChannelName.IN_APP, ChannelName.WEB_PUSH, ChannelName.EMAIL, ChannelName.SMS)

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        # What one person did to another: messages and answers matter, applause can wait.
        "connection_request": Preset(_SOCIAL, "Connection request", _NORMAL, _TYPE, _BOTH),
        "connection_accepted": Preset(_SOCIAL, "Connection accepted", _NORMAL, _TYPE, _PUSH),
        "new_message": Preset(_SOCIAL, "New message", _HIGH, _SENDER, _BOTH),
        "job_application": Preset(_SOCIAL, "New job application", _NORMAL, _OBJECT, _BOTH),
        "application_status": Preset(_SOCIAL, "Application status", _HIGH, _ALONE, _BOTH),
        "post_like": Preset(_SOCIAL, "New like", _LOW, _OBJECT, _HERE),
        "post_comment": Preset(_SOCIAL, "New comment", _NORMAL, _OBJECT, _PUSH),
        "post_share": Preset(_SOCIAL, "Post shared", _LOW, _OBJECT, _HERE),
        "mention": Preset(_SOCIAL, "You were mentioned", _NORMAL, _OBJECT, _PUSH),
        "new_follower": Preset(_SOCIAL, "New follower", _LOW, _TYPE, _HERE),
        "profile_view": Preset(_SOCIAL, "Profile viewed", _LOW, _TYPE, _HERE),
        "endorsement": Preset(_SOCIAL, "New endorsement", _LOW, _TYPE, _HERE),
        "recommendation": Preset(_SOCIAL, "New recommendation", _NORMAL, _ALONE, _BOTH),
        "group_invite": Preset(_SOCIAL, "Group invitation", _NORMAL, _OBJECT, _BOTH),
        "event_invite": Preset(_SOCIAL, "Event invitation", _NORMAL, _OBJECT, _BOTH),
        "birthday": Preset(_SOCIAL, "Birthday", _LOW, _TYPE, _HERE),
        "work_anniversary": Preset(_SOCIAL, "Work anniversary", _LOW, _TYPE, _HERE),
        # A career: what has a date or an answer in it is high, advice is low.
        "job_alert": Preset(_JOBS, "New jobs for you", _NORMAL, _TYPE, _BOTH),
        "job_recommendation": Preset(_JOBS, "Recommended job", _LOW, _TYPE, _MAIL),
        "job_deadline": Preset(_JOBS, "Application deadline", _HIGH, _OBJECT, _BOTH),
        "salary_alert": Preset(_JOBS, "Salary alert", _LOW, _TYPE, _MAIL),
        "skill_match": Preset(_JOBS, "Your skills match", _LOW, _TYPE, _HERE),
        "application_confirmation": Preset(_JOBS, "Application received", _NORMAL, _OBJECT, _MAIL),
        "application_update": Preset(_JOBS, "Application update", _NORMAL, _OBJECT, _BOTH),
        "interview_invitation": Preset(_JOBS, "Interview invitation", _HIGH, _ALONE, _EVERY),
        "offer": Preset(_JOBS, "Job offer", _HIGH, _ALONE, _EVERY),
        "rejection": Preset(_JOBS, "Application closed", _NORMAL, _ALONE, _MAIL),
        "profile_reminder": Preset(_JOBS, "Complete your profile", _LOW, _TYPE, _MAIL),
        "skill_gap": Preset(_JOBS, "Skills to learn", _LOW, _TYPE, _HERE),
        "achievement": Preset(_JOBS, "Achievement", _LOW, _TYPE, _HERE),
        "career_insight": Preset(_JOBS, "Career insight", _LOW, _TYPE, _MAIL),
        "welcome": Preset(_JOBS, "Welcome", _NORMAL, _ALONE, _MAIL),
        "feature_announcement": Preset(_JOBS, "What is new", _LOW, _TYPE, _HERE),
        "maintenance": Preset(_JOBS, "Planned maintenance", _HIGH, _OBJECT, _MAIL),
        "security_alert": Preset(_JOBS, "Security alert", _URGENT, _ALONE, _EVERY, required=True),
        # Work that runs, or that somebody has to do.
        "task_update": Preset(_TASKS, "Task updated", _NORMAL, _OBJECT, _HERE),
        "task_assignment": Preset(_TASKS, "Task assigned to you", _HIGH, _OBJECT, _BOTH),
        "task_completion": Preset(_TASKS, "Task completed", _NORMAL, _OBJECT, _PUSH),
    }
)
"""Every preset by the name of its type."""
