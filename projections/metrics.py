"""What the projector tells Prometheus; docs/operations.md says what each means and when to worry."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# Else each has a second series, of which we make no use.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves this one untyped

PROJECTED = Counter("stageline_projected_changes", "Changes written to the views.")
APPLY = Histogram(
    "stageline_projector_apply_seconds",
    "Writing what came of some partitions, one round trip to Redis.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
WAITS = Counter("stageline_projector_waits", "Times that Redis or Kafka was away and was waited for.")
REFILLS = Counter("stageline_projector_refills", "Times that a view was found elsewhere than it was left.")
LAG = Gauge("stageline_projector_lag_offsets", "Offsets between what was read and the ends of the topics.")
