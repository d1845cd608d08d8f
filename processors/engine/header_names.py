r"""Reads records whose header names are not UTF-8: aiokafka cannot, and one of them would end every worker.

The protocol says that names are UTF-8, but no broker checks it. A batch that aiokafka refuses is read again
in its pure-Python way, what is no text written as escapes (`\xff`). Keys and values are bytes anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_FORMAT = 2  # the record format that has headers


class _Name(bytes):
    def decode(self, *_: object) -> str:
        return super().decode("utf-8", "backslashreplace")


class _Buffer(bytearray):
    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - a number or a slice
        found = super().__getitem__(place)
        return _Name(found) if isinstance(place, slice) else found


class _TolerantBatch(_DefaultRecordBatchPy):  # type: ignore[misc] # aiokafka is untyped, and calls it final
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)


class _Batch:
    """aiokafka's batch, read at once as a whole, so that it can be read again."""

    def __init__(self, batch: Any, raw: memoryview) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the fetcher asks of a batch
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_TolerantBatch(self._raw)))


class TolerantRecords(_MemoryRecordsPy):  # type: ignore[misc] # as above
    """What a fetch brought, batch by batch."""

    def next_batch(self) -> Any:  # noqa: ANN401 - as above
        """Return the next batch, None at the end."""
        raw = self._next_slice
        batch = super().next_batch()
        if batch is None or batch.magic < NEW_FORMAT or batch.is_control_batch:
            return batch  # without headers, or a transaction's marker, which the broker itself writes
        return _Batch(batch, raw)


def tolerate_any_header_name() -> None:
    """Make every consumer of this process read so. aiokafka has no other place to say it."""
    fetcher.MemoryRecords = TolerantRecords
