"""A helper for each preset. Written by scripts/gen_presets.py from policy/presets.py.

Each sends a notification of its type; ``**details`` are those of ``send``, and the priority is the
type's unless one is given.
"""

from typing import Unpack

from notify_server.client.body import Details, To
from notify_server.client.sending import R, Sending


class SocialHelpers(Sending[R]):
    """For what people do to one another."""

    def notify_connection_request(
        self, to: To, message: str, *, title: str = "Connection request", **details: Unpack[Details]
    ) -> R:
        """``connection_request``: normal, grouped by type."""
        return self._send("connection_request", to, title, message, details)

    def notify_connection_accepted(
        self,
        to: To,
        message: str,
        *,
        title: str = "Connection accepted",
        **details: Unpack[Details],
    ) -> R:
        """``connection_accepted``: normal, grouped by type."""
        return self._send("connection_accepted", to, title, message, details)

    def notify_new_message(
        self, to: To, message: str, *, title: str = "New message", **details: Unpack[Details]
    ) -> R:
        """``new_message``: high, grouped by sender."""
        return self._send("new_message", to, title, message, details)

    def notify_job_application(
        self,
        to: To,
        message: str,
        *,
        title: str = "New job application",
        **details: Unpack[Details],
    ) -> R:
        """``job_application``: normal, grouped by object."""
        return self._send("job_application", to, title, message, details)

    def notify_application_status(
        self, to: To, message: str, *, title: str = "Application status", **details: Unpack[Details]
    ) -> R:
        """``application_status``: high, stands alone."""
        return self._send("application_status", to, title, message, details)

    def notify_post_like(
        self, to: To, message: str, *, title: str = "New like", **details: Unpack[Details]
    ) -> R:
        """``post_like``: low, grouped by object."""
        return self._send("post_like", to, title, message, details)

    def notify_post_comment(
        self, to: To, message: str, *, title: str = "New comment", **details: Unpack[Details]
    ) -> R:
        """``post_comment``: normal, grouped by object."""
        return self._send("post_comment", to, title, message, details)

    def notify_post_share(
        self, to: To, message: str, *, title: str = "Post shared", **details: Unpack[Details]
    ) -> R:
        """``post_share``: low, grouped by object."""
        return self._send("post_share", to, title, message, details)

    def notify_mention(
        self, to: To, message: str, *, title: str = "You were mentioned", **details: Unpack[Details]
    ) -> R:
        """``mention``: normal, grouped by object."""
        return self._send("mention", to, title, message, details)

    def notify_new_follower(
        self, to: To, message: str, *, title: str = "New follower", **details: Unpack[Details]
    ) -> R:
        """``new_follower``: low, grouped by type."""
        return self._send("new_follower", to, title, message, details)

    def notify_profile_view(
        self, to: To, message: str, *, title: str = "Profile viewed", **details: Unpack[Details]
    ) -> R:
        """``profile_view``: low, grouped by type."""
        return self._send("profile_view", to, title, message, details)

    def notify_endorsement(
        self, to: To, message: str, *, title: str = "New endorsement", **details: Unpack[Details]
    ) -> R:
        """``endorsement``: low, grouped by type."""
        return self._send("endorsement", to, title, message, details)

    def notify_recommendation(
        self, to: To, message: str, *, title: str = "New recommendation", **details: Unpack[Details]
    ) -> R:
        """``recommendation``: normal, stands alone."""
        return self._send("recommendation", to, title, message, details)

    def notify_group_invite(
        self, to: To, message: str, *, title: str = "Group invitation", **details: Unpack[Details]
    ) -> R:
        """``group_invite``: normal, grouped by object."""
        return self._send("group_invite", to, title, message, details)

    def notify_event_invite(
        self, to: To, message: str, *, title: str = "Event invitation", **details: Unpack[Details]
    ) -> R:
        """``event_invite``: normal, grouped by object."""
        return self._send("event_invite", to, title, message, details)

    def notify_birthday(
        self, to: To, message: str, *, title: str = "Birthday", **details: Unpack[Details]
    ) -> R:
        """``birthday``: low, grouped by type."""
        return self._send("birthday", to, title, message, details)

    def notify_work_anniversary(
        self, to: To, message: str, *, title: str = "Work anniversary", **details: Unpack[Details]
    ) -> R:
        """``work_anniversary``: low, grouped by type."""
        return self._send("work_anniversary", to, title, message, details)


class JobsHelpers(Sending[R]):
    """For looking for work, applying, and the product around it."""

    def notify_job_alert(
        self, to: To, message: str, *, title: str = "New jobs for you", **details: Unpack[Details]
    ) -> R:
        """``job_alert``: normal, grouped by type."""
        return self._send("job_alert", to, title, message, details)

    def notify_job_recommendation(
        self, to: To, message: str, *, title: str = "Recommended job", **details: Unpack[Details]
    ) -> R:
        """``job_recommendation``: low, grouped by type."""
        return self._send("job_recommendation", to, title, message, details)

    def notify_job_deadline(
        self,
        to: To,
        message: str,
        *,
        title: str = "Application deadline",
        **details: Unpack[Details],
    ) -> R:
        """``job_deadline``: high, grouped by object."""
        return self._send("job_deadline", to, title, message, details)

    def notify_salary_alert(
        self, to: To, message: str, *, title: str = "Salary alert", **details: Unpack[Details]
    ) -> R:
        """``salary_alert``: low, grouped by type."""
        return self._send("salary_alert", to, title, message, details)

    def notify_skill_match(
        self, to: To, message: str, *, title: str = "Your skills match", **details: Unpack[Details]
    ) -> R:
        """``skill_match``: low, grouped by type."""
        return self._send("skill_match", to, title, message, details)

    def notify_application_confirmation(
        self,
        to: To,
        message: str,
        *,
        title: str = "Application received",
        **details: Unpack[Details],
    ) -> R:
        """``application_confirmation``: normal, grouped by object."""
        return self._send("application_confirmation", to, title, message, details)

    def notify_application_update(
        self, to: To, message: str, *, title: str = "Application update", **details: Unpack[Details]
    ) -> R:
        """``application_update``: normal, grouped by object."""
        return self._send("application_update", to, title, message, details)

    def notify_interview_invitation(
        self,
        to: To,
        message: str,
        *,
        title: str = "Interview invitation",
        **details: Unpack[Details],
    ) -> R:
        """``interview_invitation``: high, stands alone."""
        return self._send("interview_invitation", to, title, message, details)

    def notify_offer(
        self, to: To, message: str, *, title: str = "Job offer", **details: Unpack[Details]
    ) -> R:
        """``offer``: high, stands alone."""
        return self._send("offer", to, title, message, details)

    def notify_rejection(
        self, to: To, message: str, *, title: str = "Application closed", **details: Unpack[Details]
    ) -> R:
        """``rejection``: normal, stands alone."""
        return self._send("rejection", to, title, message, details)

    def notify_profile_reminder(
        self,
        to: To,
        message: str,
        *,
        title: str = "Complete your profile",
        **details: Unpack[Details],
    ) -> R:
        """``profile_reminder``: low, grouped by type."""
        return self._send("profile_reminder", to, title, message, details)

    def notify_skill_gap(
        self, to: To, message: str, *, title: str = "Skills to learn", **details: Unpack[Details]
    ) -> R:
        """``skill_gap``: low, grouped by type."""
        return self._send("skill_gap", to, title, message, details)

    def notify_achievement(
        self, to: To, message: str, *, title: str = "Achievement", **details: Unpack[Details]
    ) -> R:
        """``achievement``: low, grouped by type."""
        return self._send("achievement", to, title, message, details)

    def notify_career_insight(
        self, to: To, message: str, *, title: str = "Career insight", **details: Unpack[Details]
    ) -> R:
        """``career_insight``: low, grouped by type."""
        return self._send("career_insight", to, title, message, details)

    def notify_welcome(
        self, to: To, message: str, *, title: str = "Welcome", **details: Unpack[Details]
    ) -> R:
        """``welcome``: normal, stands alone."""
        return self._send("welcome", to, title, message, details)

    def notify_feature_announcement(
        self, to: To, message: str, *, title: str = "What is new", **details: Unpack[Details]
    ) -> R:
        """``feature_announcement``: low, grouped by type."""
        return self._send("feature_announcement", to, title, message, details)

    def notify_maintenance(
        self,
        to: To,
        message: str,
        *,
        title: str = "Planned maintenance",
        **details: Unpack[Details],
    ) -> R:
        """``maintenance``: high, grouped by object."""
        return self._send("maintenance", to, title, message, details)

    def notify_security_alert(
        self, to: To, message: str, *, title: str = "Security alert", **details: Unpack[Details]
    ) -> R:
        """``security_alert``: urgent, stands alone."""
        return self._send("security_alert", to, title, message, details)


class TasksHelpers(Sending[R]):
    """For work that runs, or that somebody has to do."""

    def notify_task_update(
        self, to: To, message: str, *, title: str = "Task updated", **details: Unpack[Details]
    ) -> R:
        """``task_update``: normal, grouped by object."""
        return self._send("task_update", to, title, message, details)

    def notify_task_assignment(
        self,
        to: To,
        message: str,
        *,
        title: str = "Task assigned to you",
        **details: Unpack[Details],
    ) -> R:
        """``task_assignment``: high, grouped by object."""
        return self._send("task_assignment", to, title, message, details)

    def notify_task_completion(
        self, to: To, message: str, *, title: str = "Task completed", **details: Unpack[Details]
    ) -> R:
        """``task_completion``: normal, grouped by object."""
        return self._send("task_completion", to, title, message, details)


class PresetHelpers(SocialHelpers[R], JobsHelpers[R], TasksHelpers[R]):
    """All of them."""
