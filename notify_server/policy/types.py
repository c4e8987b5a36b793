"""The types of notifications: built-in ones, presets and those of the configuration."""

from collections.abc import Mapping

from notify_server.domain.notification import Priority
from notify_server.domain.settings import TypeSettings
from notify_server.policy.presets import PRESETS

BUILT_IN: Mapping[str, TypeSettings] = {
    "system": TypeSettings(),
    "user_action": TypeSettings(),
    "progress_update": TypeSettings(Priority.LOW),
    "alert": TypeSettings(Priority.HIGH),
    "error": TypeSettings(Priority.HIGH),
    "success": TypeSettings(),
    "info": TypeSettings(),
    "warning": TypeSettings(),
    "admin": TypeSettings(Priority.HIGH),
    "security": TypeSettings(Priority.URGENT, required=True),
}
"""The ten of contract 4, each with its default priority."""

REGISTERED: Mapping[str, TypeSettings] = {
    **BUILT_IN,
    **{name: preset.settings() for name, preset in PRESETS.items()},
}
"""What is there without any configuration."""


class TypeRegistry:
    """Every type that a submission may name."""

    def __init__(self, configured: Mapping[str, TypeSettings]) -> None:
        self._types = {**REGISTERED, **configured}

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def names(self) -> tuple[str, ...]:
        """All of them, built-in ones first."""
        return tuple(self._types)

    def priority(self, name: str) -> Priority:
        """The priority of a submission that names none.

        Raises:
            KeyError: No such type.
        """
        return self._types[name].priority

    def required(self, name: str) -> bool:
        """Whether people cannot switch it off; unknown ones can be."""
        settings = self._types.get(name)
        return settings is not None and (
            settings.required or settings.priority is Priority.CRITICAL
        )

    def is_wanted(self, name: str, priority: Priority, off: Mapping[str, bool]) -> bool:
        """Whether a notification of this type is pushed to and counted for a person.

        Args:
            off: The person's subscriptions, see ``UserRecord``.
        """
        return off.get(name, True) or self.required(name) or priority is Priority.CRITICAL

    def subscriptions(self, off: Mapping[str, bool]) -> dict[str, tuple[bool, bool]]:
        """Each type to (subscribed, required)."""
        return {
            name: (self.required(name) or off.get(name, True), self.required(name))
            for name in self._types
        }
