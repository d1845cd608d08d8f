"""How large a partition's batches are, and how often they come."""

from __future__ import annotations

# A batch is as large as can be decided in this CPU time: a rebalance and the other partitions wait meanwhile,
# round trips of a transaction are well hidden. It is measured, since records differ a hundredfold in cost.
BATCH_S = 0.1
MIN_BATCH = 50
MAX_BATCH = 10_000
PACE_S = 0.05  # between two transactions under light load: each costs the worker about 1 ms, full or not


def next_limit(records: int, seconds: float) -> int:
    """Return how many records like these, which took so long (s), are a batch; the fewest after none."""
    return max(MIN_BATCH, min(MAX_BATCH, int(records * BATCH_S / max(seconds, 1e-6))))
