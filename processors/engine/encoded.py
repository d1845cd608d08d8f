"""Record batches of transactions, encoded by the compiled back-end: aiokafka takes a call for each record.

They are byte for byte what aiokafka would send, but that the records of a batch are all of one moment.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from processors.backend import compiled_back_end

if TYPE_CHECKING:
    import stageline_native

    from processors.engine.batch import Headers

    Row = tuple[bytes | None, bytes | None, Headers]


class Encoded:
    """A record batch in the place of aiokafka's `BatchBuilder`, with what its sender asks of one."""

    def __init__(self, batch: stageline_native.EncodedBatch) -> None:
        self._batch = batch
        self._producer = (-1, -1, 0)
        self._bytes: bytes | None = None

    def record_count(self) -> int:
        """Count its records."""
        return self._batch.count

    def size(self) -> int:
        """Return its size in bytes."""
        return self._batch.size

    def close(self) -> None:
        """Do nothing: no more can be added anyway."""

    def closed(self) -> bool:
        """Tell that it is complete."""
        return True

    def _set_producer_state(self, producer_id: int, epoch: int, first_sequence: int) -> None:
        self._producer = producer_id, epoch, first_sequence

    def _build(self) -> bytes:
        """Give the same bytes whenever it is sent."""
        if self._bytes is None:
            self._bytes = self._batch.sealed(self._producer)
        return self._bytes


def encode(rows: list[Row], most_bytes: int, *, transactional: bool) -> list[Encoded] | None:
    """Encode rows of one partition as record batches; None where the compiled back-end is not used."""
    if (native := compiled_back_end()) is None:
        return None
    now = int(time.time() * 1000)
    return [Encoded(one) for one in native.record_batches(rows, most_bytes, now, transactional)]
