"""What the line counts of itself, read by ``GET /metrics``.

Plain numbers, so that counting costs next to nothing where thousands of frames pass.
"""

from notify_server.kit.metrics import FAST_S, ROUND_TRIP_S, Counter, Histogram, Meter


class Figures:
    """One meter per question that an operator asks.

    Attributes:
        submits: By outcome: ``accepted transient replayed``, else the code of the refusal.
        frames: Notifications written to sessions, by what made them go out: ``first retry replay
            reminder transient``.
        deliveries: By what became of them: ``delivered`` (once per person and revision),
            ``no_ack session_ended`` (an attempt failed).
        acks: From frame to confirmation, each session by itself.
        first_emits: From acceptance to the first frame, while anybody is connected.
        catch_ups: Finished ones by outcome: ``done``, ``skipped`` (something was left out) or
            ``gone`` (the session ended meanwhile).
        due: Stored rows whose time had come, by what they were due for.
        late_s: By how much the last look at due rows found the oldest late, in seconds.
    """

    def __init__(self) -> None:
        self.submits = Counter(
            "notify_submits_total", "Notifications submitted, by outcome.", "outcome"
        )
        self.frames = Counter(
            "notify_frames_total",
            "Notifications written to sessions, by priority and what made them go out.",
            "priority",
            "kind",
        )
        self.deliveries = Counter(
            "notify_deliveries_total",
            "Deliveries to people, and attempts that failed.",
            "channel",
            "priority",
            "outcome",
        )
        self.acks = Histogram(
            "notify_ack_seconds",
            "From a frame to its confirmation by the session.",
            "priority",
            bounds=ROUND_TRIP_S,
        )
        self.first_emits = Histogram(
            "notify_first_emit_seconds",
            "From acceptance to the first frame, for notifications with anybody connected.",
            "priority",
            bounds=FAST_S,
        )
        self.catch_ups = Counter(
            "notify_catch_ups_total", "Sessions brought up to date, by outcome.", "outcome"
        )
        self.due = Counter(
            "notify_due_rows_total", "Stored rows whose time had come, by what for.", "step"
        )
        self.late_s = 0.0

    def meters(self) -> list[Meter]:
        """All of them."""
        return [meter for meter in vars(self).values() if isinstance(meter, Meter)]
