"""What a pack says about figures: how late they may come, how many, how long they are kept."""

from __future__ import annotations

from sandbox.framework.struct import Part, Positive


class TelemetryTerms(Part, frozen=True, kw_only=True):
    """Limits of telemetry.

    ``late_days``: how far back a point's time may lie. ``ahead_minutes``: how far a sender's
    clock may run ahead. ``slices_at_most``: of one metric. ``unknown_series_at_most``: names
    outside the plan that are kept aside. ``keep_points_days`` and ``keep_hours_days``: after
    which points and their hourly roll-ups go; daily ones stay.
    """

    late_days: Positive = 90
    ahead_minutes: Positive = 10
    slices_at_most: Positive = 50
    unknown_series_at_most: Positive = 200
    keep_points_days: Positive = 800
    keep_hours_days: Positive = 1_600
